#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include <annals/eventstore/log_event_store.hpp>

#include "snapshot_shelf.hpp"

namespace annals::internal {

/// The snapshots of a log store: a shelf in memory, and a file that it is filled from at opening.
/// Snapshots are appended to the file without a sync. What cannot be read back is left out: a
/// snapshot is a cache. Thread-safe.
class SnapshotFile {
 public:
  using Agrees = std::function<bool(const Snapshot&)>;

  /// Reads what the file holds, or as much of it as can be read. A writable one that has grown to
  /// several times what the shelf keeps is written anew; one that cannot be written is kept in
  /// memory.
  static std::unique_ptr<SnapshotFile> open(const LogOptions& options, const StoreId& store,
                                            bool writable);

  /// How much of a file of `store` with these contents can be read back.
  static std::uint64_t whole_bytes(const StoreId& store, std::span<const std::byte> bytes);

  /// Keeps `snapshot`, which agrees with the log.
  Result<void> save(Snapshot snapshot);
  std::optional<Snapshot> newest(std::string_view stream, GlobalPosition at,
                                 std::uint64_t fingerprint, const Agrees& agrees) const;

  std::uint64_t saved() const;
  std::uint64_t hits() const;

 private:
  explicit SnapshotFile(const StoreId& store) : store_(store) {}
  Result<void> fill(const LogOptions& options, bool writable);
  void read(std::span<const std::byte> bytes);
  Result<void> rewrite(FileSystem& files, const std::string& folder);

  const StoreId store_;
  mutable std::mutex mutex_;
  SnapshotShelf shelf_;         // This and all below: guarded by mutex_.
  std::unique_ptr<File> file_;  // Null: read-only.
  std::uint64_t end_ = 0;       // Where the next one goes.
  std::uint64_t in_file_ = 0;   // How many the file holds.
  std::uint64_t saved_ = 0;
  mutable std::uint64_t hits_ = 0;
};

}  // namespace annals::internal
