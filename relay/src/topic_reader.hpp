#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <annals/eventstore/token.hpp>

#include "acceptance.hpp"
#include "kafka_consumer.hpp"
#include "kafka_topic.hpp"
#include "received_record.hpp"
#include "topic_cursor.hpp"

namespace annals::internal {

/// What readers of one topic have read, together.
struct ReadCounts {
  std::atomic<std::uint64_t> taken = 0;       ///< Records that were next, watermarks too.
  std::atomic<std::uint64_t> dropped = 0;     ///< Records that had been taken before.
  std::atomic<std::uint64_t> given_back = 0;  ///< Partitions, in rebalances.
};

/// Reads partitions of a topic and gives the records that are next, by the rule of acceptance. All
/// of them must be of one history.
///
/// Belongs to one thread at a time; `ready` is called by others.
class TopicReader {
 public:
  /// `history`: of what was taken earlier; nothing: the first record says it. `ready`: called when
  /// a partition may have something, must not block. All must outlive it.
  TopicReader(KafkaConsumer& consumer, TopicIdentity identity, std::optional<Token> history,
              ReadCounts& counts, std::function<void()> ready);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  /// Where a partition is to be read from. Records up to `taken` have been taken; `place` is where
  /// they end, if that is known.
  struct Begin {
    GlobalPosition taken;
    std::optional<TopicCursor::Place> place = {};
    std::optional<Link> link = {};  ///< At `taken`, if it is known.
  };
  /// The offset to read from, given what the partition holds. Earlier ones will do as well.
  ///
  /// Errors: invalid_argument (it ends before the place: the topic was made anew), corrupt (records
  /// behind the place were removed).
  Result<std::int64_t> begin(std::uint32_t partition, const Begin& begin, OffsetRange holds);

  /// The first offset to be read for a place: one earlier, if that tells whether it is still the
  /// same topic.
  static std::int64_t first_offset(const TopicCursor::Place& place) {
    return place.before.value > 0 && place.next > 0 ? place.next - 1 : place.next;
  }

  /// The next record of a partition that was begun; nothing: none has arrived.
  ///
  /// Errors: as Acceptance::take and read_record; corrupt (records were removed before they could
  /// be read), invalid_argument (the topic was made anew), unavailable.
  Result<std::optional<ReceivedRecord>> next(std::uint32_t partition);
  /// Takes what came by another way than the partition's queue.
  void deliver(KafkaMessage message);

  /// The partition's place behind the last record that was read.
  TopicCursor::Place place(std::uint32_t partition) const { return lanes_.at(partition).place; }
  const TopicIdentity& identity() const noexcept { return identity_; }
  /// Store and era of the records; nothing: none was read.
  const std::optional<Token>& history() const noexcept { return history_; }

 private:
  struct Lane {
    KafkaQueue queue;
    std::deque<KafkaMessage> delivered;
    GlobalPosition begun_at;  // What had been taken before.
    std::optional<Link> begun_link;
    TopicCursor::Place place;  // Behind the last record read.
    bool fresh = true;         // Nothing was read yet.
    bool from_first = false;   // It begins with the first record there is.
    /// The record before `next` is to have this position: it is still the same topic. 0: no record.
    TopicCursor::Place expected = {};
  };

  Result<std::optional<ReceivedRecord>> take(std::uint32_t partition, Lane& lane,
                                             const rd_kafka_message_t& message);
  Error failure(std::uint32_t partition, const Lane& lane, const rd_kafka_message_t& message) const;
  Error removed(std::uint32_t partition, std::int64_t from, std::int64_t begin) const;
  Error made_anew(std::uint32_t partition, const std::string& why) const;
  std::string where(std::uint32_t partition) const;

  KafkaConsumer& consumer_;
  const TopicIdentity identity_;
  std::optional<Token> history_;
  ReadCounts& counts_;
  const std::function<void()> ready_;
  std::optional<Acceptance> acceptance_;
  HeaderTable headers_;
  std::map<std::uint32_t, Lane> lanes_;
};

}  // namespace annals::internal
