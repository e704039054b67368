#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <annals/eventstore/subscription.hpp>

#include "global_order.hpp"
#include "kafka_consumer.hpp"
#include "topic_reader.hpp"
#include "topic_watch.hpp"

namespace annals::internal {

/// What a subscription and those who wait for it share: that there is news, and that it was
/// stopped. Thread-safe.
class Readiness {
 public:
  /// Called by librdkafka's threads.
  void announce();
  void set_wake(std::function<void()> wake);
  void stop();
  bool stopped() const { return stopped_.load(); }
  /// Waits until there is news, it is stopped or the time is over; takes the news.
  void wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  bool ready_ = true;           // Guarded by mutex_.
  std::mutex wake_mutex_;       // Held while it is called.
  std::function<void()> wake_;  // Guarded by wake_mutex_.
  std::atomic<bool> stopped_ = false;
};

/// All partitions of a topic, in the order of the log.
class TopicSubscription final : public Subscription {
 public:
  struct Setup {
    KafkaConsumer::Setup consumer;
    SubscriptionOptions options;
    std::optional<TopicCursor> place = {};  ///< What options.cursor says.
    bool from_another_topic = false;
    std::shared_ptr<const TopicWatch> watch;
    std::shared_ptr<ReadCounts> counts;
  };
  explicit TopicSubscription(Setup setup);

  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void on_ready(std::function<void()> wake) override { readiness_.set_wake(std::move(wake)); }
  void stop() override { readiness_.stop(); }
  bool stopped() const override { return readiness_.stopped(); }

 private:
  /// An event of an append that is not whole yet.
  struct Open {
    std::uint32_t partition = 0;
    ReceivedRecord record;
  };

  /// `wait`: for the first sight of the topic.
  Result<void> begin(std::chrono::milliseconds wait);
  /// Reads until a batch is full or nothing more has arrived.
  Result<void> read();
  void take(GlobalOrder::Next next);
  void close_append(GlobalPosition position, const Link& link);
  bool is_full() const;
  Batch batch();
  TopicCursor cursor() const;

  const Setup setup_;
  Readiness readiness_;
  std::unique_ptr<KafkaConsumer> consumer_;
  std::optional<TopicReader> reader_;  // Its queues end before the consumer.
  std::optional<GlobalOrder> order_;
  std::vector<Open> open_;
  // Of whole appends, for the next batch.
  std::vector<RecordedEvent> events_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::size_t passed_ = 0;       // Events read since the last batch.
  std::size_t bytes_ = 0;        // Of those in events_.
  Checkpoint reached_;           // The end of the last whole append.
  std::optional<Error> failed_;  // For the next call.
};

}  // namespace annals::internal
