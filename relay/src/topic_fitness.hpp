#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <annals/relay/relay.hpp>

#include "kafka_producer.hpp"
#include "kafka_topic.hpp"

namespace annals::internal {

/// Whether a relay's topic can be published to: that it is the one of its record, holds the store's
/// history, and takes the batches.
class TopicFitness {
 public:
  /// Batches have up to `batch_bytes`. `stopped` is asked often, and ends it early.
  TopicFitness(const EventStore& store, const RelayOptions& options, const KafkaProducer& producer,
               RelayRecord& record, std::size_t batch_bytes, std::function<bool()> stopped)
      : store_(store),
        options_(options),
        producer_(producer),
        record_(record),
        batch_bytes_(batch_bytes),
        stopped_(std::move(stopped)) {}

  /// Makes the topic if it may, and it is missing. To a record of a topic that is new to it, it
  /// adds what it has found.
  ///
  /// Errors: unavailable, and those of Relay::run().
  Result<void> check();

 private:
  Result<void> check_all_is_kept(const std::string& policy) const;
  Result<void> check_batches_fit() const;
  Result<void> check_history(const RelayRecord& published,
                             const std::vector<OffsetRange>& partitions) const;
  // What a partition holds; looks again for a while if that ends before `offset`.
  Result<OffsetRange> range_with(std::uint32_t partition, std::int64_t offset) const;
  Error refused(const std::string& why) const;

  const EventStore& store_;
  const RelayOptions& options_;
  const KafkaProducer& producer_;
  RelayRecord& record_;
  const std::size_t batch_bytes_;
  const std::function<bool()> stopped_;
};

}  // namespace annals::internal
