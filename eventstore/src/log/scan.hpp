#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "chain.hpp"
#include "frame_reader.hpp"
#include "manifest.hpp"
#include "mark.hpp"
#include "segment.hpp"

namespace annals::internal {

/// Called for every append that belongs, in order.
using OnAppend = std::function<Result<void>(const SegmentBytes&, const AppendView&)>;

/// Where a walk over frames came to a halt.
struct ScanEnd {
  std::uint64_t offset = 0;  ///< Behind the last good frame.
  std::uint64_t frames = 0;
  std::string flaw;  ///< Empty: free space, or the limit.
};

/// Walks the frames of a segment from `from` to the first that is not valid, or to `up_to`.
///
/// Errors: corrupt (a valid frame whose content does not belong), unsupported.
Result<ScanEnd> scan_frames(const SegmentBytes& segment, std::uint64_t from, std::uint64_t up_to,
                            Chain& chain, bool contents, const OnAppend& each);

/// Behind the last byte that is not zero, at least `from`.
std::uint64_t dirty_end(const SegmentBytes& segment, std::uint64_t from);

/// Walks a sealed segment, which must end as the MANIFEST says.
Result<void> scan_sealed(const SegmentBytes& segment, const ManifestSegment& listed, Chain& chain,
                         bool contents, const OnAppend& each);

/// The end of the active segment, judged.
struct Tail {
  std::uint64_t durable_end = 0;  ///< What the mark vouches for; the header's end without a mark.
  std::uint64_t valid_end = 0;    ///< Behind the last good frame; never before durable_end.
  std::uint64_t dirty_end = 0;    ///< Behind the last byte that is not zero: a torn tail if beyond.
  std::uint64_t frames_beyond_mark = 0;
  /// Of a copy: events that the original had when its mark was copied, and that the segment had not
  /// when it was.
  std::uint64_t missing_from_copy = 0;
};

/// What the active segment may have been through.
struct TailHistory {
  bool same_boot = false;           ///< The machine has run on since the mark was written.
  bool answered_unsynced = false;   ///< Appends were answered before they were durable.
  std::optional<Mark> anchor = {};  ///< The newest mark that was written synced.
};
Result<TailHistory> history_of(const Manifest& manifest, const std::optional<Mark>& mark,
                               const MarkFile& mark_file, FileSystem& files,
                               const std::string& folder);

/// Walks the active segment and tells a torn tail from damage: what does not check is a torn tail
/// only if it lies beyond the mark and, unless the mark is exact, no valid frame follows it. After
/// a power loss in the mode that answers unsynced only what was synced counts: any part of what
/// lies beyond the newest anchor may be missing. In a folder that was copied the segment may be
/// older than the mark: then what follows the newest anchor may end anywhere, but has no holes.
///
/// Errors: corrupt, unsupported.
Result<Tail> scan_active(const SegmentBytes& segment, std::optional<Mark> mark,
                         const TailHistory& history, Chain& chain, bool contents,
                         const OnAppend& each);

}  // namespace annals::internal
