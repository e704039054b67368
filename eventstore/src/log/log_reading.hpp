#pragma once

#include <memory>

#include <annals/eventstore/log_event_store.hpp>

#include "index_file.hpp"
#include "indexed_event_store.hpp"
#include "scan.hpp"
#include "segment.hpp"
#include "snapshot_file.hpp"

namespace annals::internal {

/// The half that a writing and a read-only log store share: records are read where they lie, in the
/// mapped segments, or out of packed ones.
class LogReading : public IndexedEventStore {
 public:
  Result<RecordedEvents> fetch(std::span<const GlobalPosition> positions) const override;
  Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                std::uint64_t fingerprint) const override;
  Result<VerifyReport> verify(const VerifyOptions& options) const override;
  Limits limits() const override { return options_.limits; }
  Stats stats() const override;

 protected:
  LogReading(LogOptions options, const Manifest& manifest)
      : IndexedEventStore(manifest.store, manifest.eras), options_(std::move(options)) {}

  static const char* name_of(Durability durability);

  /// Makes an append visible that was found in the segment that is being written to.
  ///
  /// Errors: corrupt (a version or an id that cannot follow).
  Result<void> publish_found(const SegmentBytes& segment, const AppendView& append);

  /// Adds a sealed segment, which is open, with its index: the file's, if that can be believed at
  /// first sight, or one made anew in memory, which is then also returned. Otherwise it does not
  /// look into the segment, so that opening costs the same for any number of events. `newest`: none
  /// follows that is sealed.
  ///
  /// Errors: corrupt, unavailable.
  Result<std::shared_ptr<const MemoryPart>> add_sealed(const ManifestSegment& listed, bool newest);
  /// Opens the index file of a sealed segment; nothing if there is none to believe in.
  Result<std::shared_ptr<const IndexFile>> open_index(const ManifestSegment& listed) const;
  /// Walks a sealed segment and indexes it.
  ///
  /// Errors: corrupt, with place.
  Result<std::shared_ptr<const MemoryPart>> index_segment(const ManifestSegment& listed) const;

  Result<void> read_append_entries(std::uint64_t part, std::span<const AppendSpot> spots,
                                   std::vector<AppendEntry>& into) const override;

  const LogOptions options_;
  SegmentSet segments_{options_.block_cache_bytes};
  PlantedBug bug_ = PlantedBug::none;
  std::unique_ptr<SnapshotFile> snapshots_;  // Set once, before the store is handed out.
};

}  // namespace annals::internal
