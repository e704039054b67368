#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <annals/eventstore/stats.hpp>
#include <annals/eventstore/token.hpp>

#include "kafka_consumer.hpp"
#include "kafka_topic.hpp"
#include "received_record.hpp"
#include "topic_cursor.hpp"

namespace annals::internal {

/// A topic as it was seen last: which one it is, and how far each partition goes.
struct TopicView {
  struct Part {
    OffsetRange offsets;
    GlobalPosition position;  ///< Of its last record; 0: it has none, or none near its end.
    /// Why the last record cannot be read; then the position is of an earlier one.
    std::optional<Error> unreadable = {};
  };

  TopicIdentity identity;
  std::vector<Part> partitions;
  std::optional<Token> history = {};  ///< Of the last record of all; position is the head.
  std::optional<Link> link = {};      ///< There, if the record says it.
};

/// Looks at the ends of a topic's partitions, on a thread and a client of its own. Thread-safe.
class TopicWatch {
 public:
  /// `setup` of a consumer without a group that tells ends. Errors: as KafkaConsumer::make.
  static Result<std::unique_ptr<TopicWatch>> start(KafkaConsumer::Setup setup);
  ~TopicWatch();
  TopicWatch(const TopicWatch&) = delete;
  TopicWatch& operator=(const TopicWatch&) = delete;

  /// The topic as it was seen last; waits as long for the first look.
  ///
  /// Errors: unavailable (it was not seen yet), invalid_argument (its number of partitions has
  /// changed, or it was made anew, since the first look).
  Result<TopicView> view(std::chrono::milliseconds wait = {}) const;
  /// Errors: as view(), but for `unavailable`.
  Result<void> check() const;
  /// Where its head is known to be; a consumer may have seen further.
  Head head() const;
  /// Since when something beyond `position` is known to be there. Errors: unavailable (nothing is,
  /// but the topic was not seen for ten seconds).
  Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const;
  /// What went wrong last; empty: nothing.
  std::string last_error() const;

 private:
  explicit TopicWatch(std::unique_ptr<KafkaConsumer> consumer) : consumer_(std::move(consumer)) {}

  void run();
  Result<void> look();
  /// What it finds stands for good, unless it is `unavailable`.
  Result<void> check_unchanged(const TopicView& now);
  /// Fills in the positions of the partitions whose ends have moved.
  Result<void> read_ends(const TopicView& before, TopicView& now);
  Result<void> take_end(const rd_kafka_message_t& message, TopicView& now);
  bool stopping() const;

  const std::unique_ptr<KafkaConsumer> consumer_;
  HeaderTable headers_;  // Of the thread.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::optional<TopicView> view_;
  std::optional<Error> broken_;  // For good.
  std::string last_error_;
  std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
  int shrunk_ = 0;  // Looks in a row that found a partition shorter than it was. Of the thread.
  std::deque<std::pair<GlobalPosition, Timestamp>> heads_;  // When each was seen first.
  std::thread thread_;
};

}  // namespace annals::internal
