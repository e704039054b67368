#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <annals/eventstore/partitioned_source.hpp>

#include "group_errors.hpp"
#include "kafka_consumer.hpp"
#include "topic_reader.hpp"
#include "topic_watch.hpp"

namespace annals::internal {

/// A member of a consumer group: takes partitions from a rebalance and gives them back, on a thread
/// of its own. What is read of them goes through their queues, whoever reads. Thread-safe.
class TopicMember final : public PartitionMember {
 public:
  struct Setup {
    KafkaConsumer::Setup consumer;  ///< With the group that is joined.
    MembershipOptions options;
    std::uint32_t partitions = 0;
    bool from_another_topic = false;
    std::shared_ptr<const TopicWatch> watch;
    std::shared_ptr<ReadCounts> counts;
    std::shared_ptr<GroupErrors> errors;
    /// The topic as a whole.
    const EventSource* topic = nullptr;
  };
  /// Errors: as KafkaConsumer::make.
  static Result<std::unique_ptr<TopicMember>> join(Setup setup);
  ~TopicMember() override;

  bool holds(std::uint32_t partition) const override;
  const EventSource& partition(std::uint32_t partition) const override;
  std::string last_error() const override { return setup_.errors->of(setup_.consumer.group); }

  /// A partition while it is held. Another assignment of it is another holding.
  struct Holding {
    std::uint64_t number = 0;  ///< 0: it is not held.
    std::int64_t offset = 0;   ///< That will be read next; or place_lost.
  };
  /// An error came up: what the queue gives next, if anything, is not known.
  static constexpr std::int64_t place_lost = RD_KAFKA_OFFSET_INVALID;
  Holding holding(std::uint32_t partition) const;
  /// Says how far it was read, if it is still the same holding.
  void note_read(std::uint32_t partition, std::uint64_t holding, std::int64_t offset) const;
  /// Reads it from another offset on. Where librdkafka has given the partition up after an error,
  /// the member comes back to the group with a new client. Errors: unavailable.
  Result<void> seek(std::uint32_t partition, std::uint64_t holding, std::int64_t offset) const;
  /// Messages of it that came by the main queue, in their order.
  std::deque<KafkaMessage> delivered(std::uint32_t partition) const;

  /// Whoever reads its queues keeps it meanwhile: another may take its place.
  std::shared_ptr<KafkaConsumer> consumer() const;
  const Setup& setup() const { return setup_; }

 private:
  class Part;
  explicit TopicMember(Setup setup);
  /// Makes a client, which joins the group. Errors: as KafkaConsumer::make.
  Result<void> enter_group();
  /// Gives back what is held, and leaves the group.
  void leave_group();
  void run();
  void note_error(std::string error) const;
  /// Takes what came by the main queue: a record, or what is amiss.
  void receive(KafkaMessage message);
  void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions);
  void take(rd_kafka_topic_partition_list_t* partitions);
  void give_back(std::span<const std::uint32_t> partitions);
  std::int64_t begin_of(std::uint32_t partition, const std::string& cursor) const;

  struct Lane {
    KafkaQueue queue;  // Kept, so that nothing of the partition goes to the main queue.
    Holding holding;
    std::deque<KafkaMessage> delivered;
  };

  const Setup setup_;
  std::vector<std::unique_ptr<Part>> parts_;
  mutable std::mutex mutex_;
  std::shared_ptr<KafkaConsumer> consumer_;     // Guarded by mutex_; the thread alone sets it.
  mutable std::vector<Lane> lanes_;             // Guarded by mutex_. Ends before the consumer.
  std::uint64_t holdings_ = 0;                  // Of the thread.
  mutable std::atomic<bool> given_up_ = false;  // librdkafka does not read on: a new client will.
  bool put_out_ = false;                        // Of the group, for good. Of the thread.
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace annals::internal
