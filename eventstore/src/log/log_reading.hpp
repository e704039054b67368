#pragma once

#include <deque>
#include <shared_mutex>

#include <annals/eventstore/log_event_store.hpp>

#include "indexed_event_store.hpp"
#include "scan.hpp"
#include "segment.hpp"
#include "snapshot_file.hpp"

namespace annals::internal {

/// The half that a writing and a read-only log store share: records are read where they lie, in the
/// mapped segments.
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

  /// Makes an append visible, given where each of its records lies.
  void publish_at(const AppendEntry& entry, std::span<const RecordKeys> records,
                  std::span<const std::uint64_t> addresses);

  /// The same for an append found in a segment.
  ///
  /// Errors: corrupt (a version or an id that cannot follow).
  Result<void> publish_found(const SegmentBytes& segment, const AppendView& append);

  const LogOptions options_;
  SegmentSet segments_;
  std::unique_ptr<SnapshotFile> snapshots_;  // Set once, before the store is handed out.

 private:
  mutable std::shared_mutex addresses_mutex_;
  std::deque<std::uint64_t> addresses_;  // Of position i + 1; guarded by addresses_mutex_.
};

}  // namespace annals::internal
