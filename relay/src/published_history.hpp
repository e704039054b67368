#pragma once

#include <functional>
#include <vector>

#include <annals/eventstore/event_store.hpp>

#include "kafka_consumer.hpp"
#include "kafka_topic.hpp"

namespace annals::internal {

/// Whether what was published last in each partition is history of `store`: it may lie beyond a
/// checkpoint, but not beyond the log, and must be the same there. `partitions` is what each holds;
/// `consumer` reads by hand. `stopped` is asked often, and ends it early.
///
/// Errors: diverged (the log was put back, or is a copy that went another way), invalid_argument
/// (another store's), corrupt (no record of a relay's), unavailable.
Result<void> check_published_history(const EventStore& store, KafkaConsumer& consumer,
                                     const std::vector<OffsetRange>& partitions,
                                     const std::function<bool()>& stopped);

}  // namespace annals::internal
