#pragma once

#include <optional>

#include <annals/eventstore/log_event_store.hpp>

#include "log_writer.hpp"
#include "planted_bug.hpp"
#include "scan.hpp"
#include "segment.hpp"

namespace annals::internal {

/// "There is no store there", for every way to open one.
Error no_store(const std::string& folder);

/// Makes the folder and those above it that are missing, and makes their names durable: a store in
/// a folder that a power loss takes away is lost with it.
Result<void> make_folder(FileSystem& files, const std::string& folder);

/// The store is the one that the options ask for, if they do.
Result<void> check_identity(const LogOptions& options, const Manifest& manifest);

/// A store whose last era begins beyond its end has lost events, or is being filled by an import.
Result<void> check_era_has_begun(const LogOptions& options, const Manifest& manifest,
                                 GlobalPosition head);

/// A folder without a store may become one only if it holds nothing else.
Result<void> refuse_foreign_folder(FileSystem& files, const std::string& folder);

/// Reads the MANIFEST, or makes a new store if the options say so and there is none, with the id
/// `new_store` if one is given. The caller holds the lock.
///
/// Errors: unavailable (no store), corrupt (segments with events but no MANIFEST), unsupported.
Result<Manifest> manifest_for_writing(const LogOptions& options,
                                      const std::optional<StoreId>& new_store);

/// Brings a store to the state from which it can be written: reads the active segment, cuts a torn
/// tail, writes again what lies beyond the mark, and makes that durable before anyone sees it.
class Recovery {
 public:
  struct Found {
    std::uint64_t torn_bytes = 0;
    std::uint64_t rewritten_groups = 0;
    std::uint64_t missing_from_copy = 0;
  };

  Recovery(const LogOptions& options, const Manifest& manifest, PlantedBug bug)
      : options_(options), manifest_(manifest), bug_(bug) {}

  /// What is told of a log as it is read.
  struct Reader {
    /// A sealed segment, which is open. `newest`: the next one is the active one.
    std::function<Result<void>(const ManifestSegment& listed, bool newest)> on_sealed;
    /// The active segment comes next. Returns when the last append before it was recorded.
    std::function<Timestamp(std::uint64_t number)> on_active;
    OnAppend on_append;  ///< Of the active segment.
  };

  /// Errors: corrupt, unsupported, unavailable.
  Result<LogWriter::Position> run(SegmentSet& segments, const Reader& reader);
  const Found& found() const { return found_; }

  /// Wipes what lies behind the last frame, where there should be nothing: a folder that was copied
  /// while the store was written to may have later frames there, which would look like damage once
  /// the mark is no longer exact.
  Result<void> wipe_rest(const SegmentSet& segments, const LogWriter::Position& position);

 private:
  /// The MANIFEST says whether appends are answered unsynced from now on, before the first one is,
  /// and that segments may be packed, before one is. What was there before is durable.
  Result<Manifest> note_options();
  Result<void> settle_tail(const Segment& active, const Tail& tail);
  /// Whoever copied the folder may not have waited for the disk; may have copied segments that the
  /// original began later than its MANIFEST was copied: they are not this store's; or may have
  /// listed the folder before the segment that the MANIFEST ends with was there.
  Result<void> settle_copy();
  /// A complete segment may have been copied before it was complete.
  Result<void> check_copy(const Segment& segment, const ManifestSegment& listed) const;

  const LogOptions& options_;
  const Manifest& manifest_;
  const PlantedBug bug_;
  Found found_;
};

}  // namespace annals::internal
