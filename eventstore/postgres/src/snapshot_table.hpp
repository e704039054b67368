#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include <annals/eventstore/snapshot.hpp>

#include "log_reader.hpp"

namespace annals::internal {

/// Snapshots in their table, thinned with age as SnapshotShelf thins them. Thread-safe.
class SnapshotTable {
 public:
  explicit SnapshotTable(const LogReader& reader) : reader_(reader) {}

  /// See EventStore.
  Result<void> save(const Snapshot& snapshot);
  Result<std::optional<Snapshot>> load(std::string_view stream, GlobalPosition at,
                                       std::uint64_t fingerprint) const;

  std::uint64_t saved() const { return saved_; }
  std::uint64_t hits() const { return hits_; }

 private:
  Result<void> thin(const Snapshot& newest);

  const LogReader& reader_;
  std::atomic<std::uint64_t> saved_ = 0;
  mutable std::atomic<std::uint64_t> hits_ = 0;
};

}  // namespace annals::internal
