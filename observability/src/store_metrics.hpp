#pragma once

#include <string_view>

#include <annals/eventstore/event_store.hpp>
#include <annals/observability/metrics_text.hpp>

namespace annals::internal {

void add_metrics(MetricsText& text, std::string_view store, const Stats& stats);

/// Whether the store has not failed, and its last event can be read. Errors: as EventStore::read,
/// and unavailable.
Result<void> check_store(const EventStore& store);

}  // namespace annals::internal
