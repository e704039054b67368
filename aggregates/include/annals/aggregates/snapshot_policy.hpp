/// @file
/// When a state is kept as a snapshot.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace annals {

/// When snapshots are made. They are a cache: with or without them every load gives the same state,
/// as long as the fold_version is raised when the fold or an upcaster's step changes.
/// Only states that are described (ANNALS_STATE) have snapshots.
struct SnapshotPolicy {
  static constexpr std::uint64_t every_max = 500;

  /// A snapshot after this many events of a stream; 0: none are made or used. More than `every_max`
  /// counts as `every_max`.
  std::uint64_t every = 100;
  /// Also when a load took longer than this, however few events it was.
  std::chrono::microseconds slow_load = std::chrono::milliseconds(5);
  /// How many states may wait to be saved; what comes on top is not saved.
  std::size_t waiting_max = 256;
};

/// What a loader has done since it was made.
struct LoadStats {
  std::uint64_t loads = 0;          ///< Of streams.
  std::uint64_t events_folded = 0;  ///< Of streams and queries.
  std::uint64_t snapshot_hits = 0;  ///< Loads that began at a snapshot.
  std::uint64_t snapshots_saved = 0;
  std::uint64_t snapshots_ignored = 0;  ///< Found, but could not be read.
  std::uint64_t snapshots_dropped = 0;  ///< Too many waited, the state holds what cannot
                                        ///< be stored, or the store refused.
};

}  // namespace annals
