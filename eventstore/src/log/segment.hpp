#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>

#include "frame_reader.hpp"
#include "manifest.hpp"

namespace annals::internal {

/// An open segment file, mapped.
struct Segment {
  std::uint64_t number = 0;
  std::string path;
  std::uint64_t file_bytes = 0;
  std::shared_ptr<File> file;
  std::shared_ptr<const Mapping> mapping;
  PlantedBug bug = PlantedBug::none;

  SegmentBytes bytes(const StoreId& store) const {
    return {store, number, path, mapping->bytes(), bug};
  }
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

/// Opens a segment and checks its header against what the MANIFEST says.
///
/// Errors: unavailable (missing), corrupt, unsupported.
Result<Segment> open_segment(FileSystem& files, const std::string& folder, const StoreId& store,
                             const ManifestSegment& listed, bool writable);

/// The segments a store has open. Thread-safe; segments are only added.
class SegmentSet {
 public:
  void add(Segment segment);
  /// REQUIRES: a segment of this number has been added.
  std::shared_ptr<const Segment> at(std::uint64_t number) const;
  std::size_t count() const;

 private:
  mutable std::shared_mutex mutex_;
  // Guarded by mutex_; numbers go up by one.
  std::vector<std::shared_ptr<const Segment>> segments_;
};

}  // namespace annals::internal
