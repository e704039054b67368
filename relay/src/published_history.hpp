#pragma once

#include <functional>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/relay/relay_checkpoints.hpp>

#include "kafka_consumer.hpp"
#include "kafka_topic.hpp"

namespace annals::internal {

/// Whether each partition still has what the checkpoint says was published last, where it was; and
/// whether its last record is history of `store`: it may lie beyond the checkpoint, but not beyond
/// the log, and must be the same there. `partitions` is what each holds, `published` has all of
/// them; `consumer` reads by hand. `stopped` is asked often, and ends it early.
///
/// Errors: diverged (the log was put back, or is a copy that went another way), invalid_argument
/// (the topic was made anew; another store's), corrupt (no record of a relay's), unavailable.
Result<void> check_published_history(const EventStore& store, const RelayRecord& published,
                                     KafkaConsumer& consumer,
                                     const std::vector<OffsetRange>& partitions,
                                     const std::function<bool()>& stopped);

}  // namespace annals::internal
