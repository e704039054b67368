#pragma once

#include <annals/eventstore/log_event_store.hpp>

#include "planted_bug.hpp"

namespace annals::internal {

/// annals::open_log_event_store, with a mistake made on purpose, and the indexes of complete
/// segments written by the thread that completes them, so that the same calls do the same.
Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options, PlantedBug bug,
                                                         bool seal_at_once = true);

}  // namespace annals::internal
