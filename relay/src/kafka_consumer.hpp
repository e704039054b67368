#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <annals/eventstore/result.hpp>

#include "kafka_client.hpp"

namespace annals::internal {

/// Refuses what an owner of a consumer may not set. Errors: invalid_argument.
Result<void> check_consumer_settings(const KafkaSettings& settings);

/// A consumer of one topic that commits nothing to Kafka: how far it has come is kept with what it
/// makes of the records. Records come one by one, each partition's from a queue of its own, so that
/// whoever needs the next one of a partition takes it, and the others wait, bounded.
///
/// Belongs to one thread; queues may be taken from by others. They must end before it does.
class KafkaConsumer final : public KafkaClient {
 public:
  struct Setup {
    KafkaSettings settings = {};  ///< The user's, brokers included.
    std::string topic = {};
    std::string group = {};            ///< To be joined; empty: partitions are assigned by hand.
    std::size_t buffer_bytes_max = 0;  ///< Of records fetched ahead, of each partition.
    bool tells_ends = false;           ///< poll() gives _PARTITION_EOF, too.
    /// Of a group: partitions are given or taken away. To be answered by assign() and the like.
    std::function<void(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions)>
        rebalanced = {};
  };
  /// Connects to nobody yet, but joins the group. Errors: as KafkaClient::open.
  static Result<std::unique_ptr<KafkaConsumer>> make(Setup setup);
  ~KafkaConsumer();

  /// Gives the partitions of a group back and leaves it; rebalances are served meanwhile. Queues of
  /// partitions stay good. Idempotent.
  void leave();

  /// Reads these partitions, and no others, from these offsets on; not for members of a group.
  /// Errors: unavailable.
  Result<void> assign(const std::map<std::uint32_t, std::int64_t>& offsets);

  /// The queue of a partition, which comes to nobody else from now on.
  KafkaQueue queue_of(std::uint32_t partition) const;

  /// Serves what is not of a partition's queue: rebalances, errors, records that came before the
  /// queue was taken. Null: nothing was there for as long as `wait`.
  KafkaMessage poll(std::chrono::milliseconds wait);

  const std::string& topic() const noexcept { return setup_.topic; }

 private:
  explicit KafkaConsumer(Setup setup) : setup_(std::move(setup)) {}

  const Setup setup_;
  bool left_ = false;
};

}  // namespace annals::internal
