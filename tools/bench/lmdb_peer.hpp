/// @file
/// LMDB as an event store by hand.

#pragma once

#include <filesystem>
#include <memory>

#include "event_peer.hpp"

namespace annals::bench {

/// A write transaction for each append, synced as LMDB does it unless told otherwise; it lets one
/// writer in at a time. Three tables: events by position, positions by stream and version,
/// positions by tag.
Result<std::unique_ptr<EventPeer>> open_lmdb_peer(const std::filesystem::path& folder);

}  // namespace annals::bench
