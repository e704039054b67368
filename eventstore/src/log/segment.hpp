#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>

#include "frame_reader.hpp"
#include "manifest.hpp"
#include "packed_file.hpp"

namespace annals::internal {

/// Some or all of a segment's bytes, and what keeps them in memory.
struct SegmentWindow {
  SegmentBytes bytes;
  std::shared_ptr<const void> owner;
};

/// An open segment: its file, mapped, or the packed file that has taken its place.
struct Segment {
  std::uint64_t number = 0;
  std::string path;
  std::uint64_t file_bytes = 0;
  /// Of one that is not packed, as is `mapping`. Null: not needed any more; a descriptor for each
  /// segment would be too many.
  std::shared_ptr<File> file;
  std::shared_ptr<const Mapping> mapping;
  PlantedBug bug = PlantedBug::none;
  std::shared_ptr<const PackedFile> packed = nullptr;

  /// All of it, where it lies. REQUIRES: it is not packed.
  SegmentBytes bytes(const StoreId& store) const {
    return {store, number, path, mapping->bytes(), bug};
  }
  /// The bytes around `offset`: all of the segment, or a block, in which a record or an append's
  /// header that begins there lies whole.
  ///
  /// Errors: corrupt, unavailable; only of a packed one.
  Result<SegmentWindow> window(const StoreId& store, std::uint64_t offset) const;
  /// All of it, decompressed into memory if it is packed. Errors: as of window().
  Result<SegmentWindow> whole(const StoreId& store) const;
};

/// Whether anything lies where a segment's first frame would be.
Result<bool> holds_events(FileSystem& files, const std::string& path);

/// Makes the file of a new segment, with room for `file_bytes`, header written and synced, and the
/// name durable. A leftover of the same name is replaced.
///
/// Errors: unavailable (a full disk); nothing is left behind then that matters.
Result<Segment> create_segment(FileSystem& files, const std::string& folder, const StoreId& store,
                               std::uint64_t number, GlobalPosition first, const Link& link_before,
                               std::uint64_t file_bytes);

/// Opens a segment and checks its header against what the MANIFEST says. A sealed one may be
/// packed; while both files are there, its own is the one. `cache`: where blocks of a packed one
/// are kept.
///
/// Errors: unavailable (missing), corrupt, unsupported.
Result<Segment> open_segment(FileSystem& files, const std::string& folder, const StoreId& store,
                             const ManifestSegment& listed, bool writable,
                             std::shared_ptr<BlockCache> cache = nullptr);

/// The same, of the packed file, which must be there.
Result<Segment> open_packed(FileSystem& files, const std::string& folder, const StoreId& store,
                            const ManifestSegment& listed, std::shared_ptr<BlockCache> cache);

/// Opens the segment that is being written to. A writer may have completed and packed it since the
/// MANIFEST was read: `manifest` is then read again.
///
/// Errors: as of open_segment.
Result<Segment> open_active(FileSystem& files, const std::string& folder, Manifest& manifest);

/// The segments a store has open. Thread-safe.
class SegmentSet {
 public:
  /// Of packed ones, up to `cache_bytes` of what was read last are kept.
  explicit SegmentSet(std::uint64_t cache_bytes)
      : cache_(std::make_shared<BlockCache>(cache_bytes)) {}

  /// Behind the others; or in place of the last one, if it is that again.
  void add(Segment segment);
  /// Whoever has the one of the same number that was there keeps it. REQUIRES: as at().
  void replace(Segment segment);
  /// That one is only read from now on. REQUIRES: as at().
  void close_file(std::uint64_t number);
  /// REQUIRES: a segment of this number has been added.
  std::shared_ptr<const Segment> at(std::uint64_t number) const;
  std::size_t count() const;
  /// Packed ones: how many, what they hold, and the bytes of their files.
  struct Packed {
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::uint64_t file_bytes = 0;
  };
  Packed packed() const;
  const std::shared_ptr<BlockCache>& cache() const { return cache_; }

 private:
  const std::shared_ptr<BlockCache> cache_;
  mutable std::shared_mutex mutex_;
  // Guarded by mutex_; numbers go up by one.
  std::vector<std::shared_ptr<const Segment>> segments_;
};

}  // namespace annals::internal
