#pragma once

#include <annals/eventstore/log_event_store.hpp>

#include "planted_bug.hpp"

namespace annals::internal {

/// annals::open_log_event_store, with a mistake made on purpose.
Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options, PlantedBug bug);

}  // namespace annals::internal
