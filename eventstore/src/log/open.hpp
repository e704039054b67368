#pragma once

#include <optional>

#include <annals/eventstore/log_event_store.hpp>

#include "planted_bug.hpp"

namespace annals::internal {

/// annals::open_log_event_store, with a mistake made on purpose, and the indexes of complete
/// segments written by the thread that completes them, so that the same calls do the same. A store
/// that is made gets the id `new_store`, if there is one.
Result<std::unique_ptr<EventStore>> open_log_event_store(
    LogOptions options, PlantedBug bug, bool seal_at_once = true,
    const std::optional<StoreId>& new_store = {});

/// annals::verify_log_files, with a mistake made on purpose.
Result<VerifyReport> verify_log_files(const LogOptions& options, const VerifyOptions& verify,
                                      PlantedBug bug);

}  // namespace annals::internal
