#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/snapshot.hpp>

namespace annals::internal {

/// Which of a row of snapshots to drop: their places in `versions`, which ascend. The newest few
/// all stay, and of the older ones enough that a look at age n (in versions before the newest)
/// finds one at most about n/32 further back.
std::vector<std::size_t> snapshots_to_drop(std::span<const std::uint64_t> versions);

/// The snapshots an engine keeps in memory, by stream and fingerprint, thinned with age: the newest
/// few all stay, and of the older ones enough that a look at age n (in versions before the newest)
/// finds one at most about n/64 further back. That is a thousand or so for a stream of a million
/// events. A stream keeps the two fingerprints last saved to, so that two releases of a program can
/// run side by side. Not thread-safe: its owner locks.
class SnapshotShelf {
 public:
  /// Adds a snapshot; it takes the place of one with the same stream, version and fingerprint.
  void add(Snapshot snapshot);

  /// The newest snapshot of `stream` with this fingerprint, at or before position `at`, that
  /// `accept` takes; nullptr if there is none.
  std::shared_ptr<const Snapshot> newest(std::string_view stream, GlobalPosition at,
                                         std::uint64_t fingerprint,
                                         const std::function<bool(const Snapshot&)>& accept) const;

  /// Calls `visit` for every snapshot kept, those of one stream and fingerprint oldest first.
  void for_each(const std::function<void(const Snapshot&)>& visit) const;

  std::size_t size() const { return size_; }

 private:
  struct Row {  // One fingerprint's, ascending by version.
    std::uint64_t fingerprint = 0;
    std::vector<std::shared_ptr<const Snapshot>> snapshots;
    std::size_t thin_at = 0;  // Thinned when it has grown to this many.
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  static void thin(Row& row);

  std::unordered_map<std::string, std::vector<Row>, Hash, std::equal_to<>> streams_;
  std::size_t size_ = 0;
};

}  // namespace annals::internal
