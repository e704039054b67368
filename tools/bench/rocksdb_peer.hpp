/// @file
/// RocksDB as an event store by hand.

#pragma once

#include <filesystem>
#include <memory>

#include "event_peer.hpp"

namespace annals::bench {

/// A WriteBatch for each append, written with sync=true; RocksDB itself gathers those that wait. A
/// batch has for each event one key by position, one by stream and version, which is also the
/// stream's head, and one for each tag. Positions are given out before the write, so other than
/// annals' they may become visible out of order. Bloom filters, else as RocksDB comes.
Result<std::unique_ptr<EventPeer>> open_rocksdb_peer(const std::filesystem::path& folder);

}  // namespace annals::bench
