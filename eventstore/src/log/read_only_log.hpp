#pragma once

#include <annals/eventstore/log_event_store.hpp>

namespace annals::internal {

/// Opens a store beside its writer, or without one. It follows the mark, takes no lock and changes
/// no file.
///
/// Errors: unavailable, corrupt, unsupported.
Result<std::unique_ptr<EventStore>> open_read_only_log(const LogOptions& options);

}  // namespace annals::internal
