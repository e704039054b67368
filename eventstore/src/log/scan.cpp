#include "scan.hpp"

#include <algorithm>

#include "log_format.hpp"

namespace annals::internal {
namespace {

/// Whether the frame's first append is linked to the last one that belonged. A frame is written at
/// once, so that says it of all of them.
bool goes_on(const SegmentBytes& segment, const FrameView& frame, Chain chain) {
  std::uint64_t offset = frame.offset + format::frame_header_bytes;
  AppendView first;
  if (auto read = read_append(segment, frame, offset, first); !read) return true;  // Seen later on.
  return chain.follow(segment, first, true).has_value();
}

/// As scan_frames, for what lies beyond the mark. Of a store that was copied as it grew that may be
/// frames of the original's later history, which other events have been written before since: their
/// positions and places may fit, their links do not. `may_be_old`: such frames are a flaw, as a
/// torn tail is; otherwise they are damage.
Result<ScanEnd> scan_beyond(const SegmentBytes& segment, std::uint64_t from, bool may_be_old,
                            Chain& chain, const OnAppend& each) {
  ScanEnd end{from, 0, {}};
  while (end.offset < segment.bytes.size()) {
    FrameProbe probe = probe_frame(segment, end.offset);
    end.flaw = std::move(probe.flaw);
    if (probe.kind != FrameProbe::Kind::frame) return end;
    if (may_be_old && !goes_on(segment, probe.frame, chain)) {
      end.flaw = "a frame is linked to another history";
      return end;
    }
    auto walked =
        scan_frames(segment, end.offset, end.offset + probe.frame.bytes, chain, true, each);
    if (!walked) return walked;
    end.offset = walked->offset;
    ++end.frames;
  }
  return end;
}

/// Whether a walk that came to a halt had passed `anchor`.
bool reaches(const Mark& anchor, const SegmentBytes& segment, const ScanEnd& end,
             const Chain& chain) {
  return chain.head().position >= anchor.position &&
         (anchor.segment < segment.number ||
          (anchor.segment == segment.number && end.offset >= anchor.offset));
}

}  // namespace

std::uint64_t dirty_end(const SegmentBytes& segment, std::uint64_t from) {
  std::uint64_t end = segment.bytes.size();
  while (end >= from + 8 && load<std::uint64_t>(segment.bytes.data() + end - 8) == 0) end -= 8;
  while (end > from && segment.bytes[end - 1] == std::byte{0}) --end;
  return end;
}

Result<ScanEnd> scan_frames(const SegmentBytes& segment, std::uint64_t from, std::uint64_t up_to,
                            Chain& chain, bool contents, const OnAppend& each) {
  ScanEnd end{from, 0, {}};
  while (end.offset < up_to) {
    FrameProbe probe = probe_frame(segment, end.offset);
    if (probe.kind != FrameProbe::Kind::frame) {
      end.flaw = std::move(probe.flaw);
      return end;
    }
    auto walked = for_each_append(segment, probe.frame, [&](const AppendView& append) {
      if (auto follows = chain.follow(segment, append, contents); !follows) return follows;
      return each(segment, append);
    });
    if (!walked) return std::move(walked).error();
    end.offset += probe.frame.bytes;
    ++end.frames;
  }
  return end;
}

Result<void> scan_sealed(const SegmentBytes& segment, const ManifestSegment& listed, Chain& chain,
                         bool contents, const OnAppend& each) {
  auto end = scan_frames(segment, format::segment_header_bytes, listed.end, chain, contents, each);
  if (!end) return std::move(end).error();
  if (end->offset != listed.end || chain.head() != Head{listed.last, listed.link_after}) {
    return corrupt(segment, end->offset,
                   (end->flaw.empty() ? "the segment ends" : end->flaw) + " at position " +
                       to_string(chain.head().position) +
                       "; the MANIFEST says that it holds positions up to " +
                       to_string(listed.last));
  }
  return {};
}

Result<TailHistory> history_of(const Manifest& manifest, const std::optional<Mark>& mark,
                               const MarkFile& mark_file, FileSystem& files,
                               const std::string& folder) {
  auto anchor = mark_file.read_anchor(manifest.store);
  if (!anchor) return std::move(anchor).error();
  return TailHistory{.same_boot = mark && mark->boot == boot_of(files, folder),
                     .answered_unsynced = (manifest.compatible & format::answered_unsynced) != 0,
                     .anchor = *anchor};
}

Result<Tail> scan_active(const SegmentBytes& segment, std::optional<Mark> mark,
                         const TailHistory& history, Chain& chain, bool contents,
                         const OnAppend& each) {
  const bool anything_missing = history.answered_unsynced && !history.same_boot;
  if (anything_missing) mark = history.anchor;
  const bool copied = mark && mark->copied && history.anchor;
  const char* advice = copied ? advice_on_copies : "";
  Tail tail;
  tail.durable_end = format::segment_header_bytes;
  if (mark && mark->segment == segment.number) tail.durable_end = mark->offset;
  if (mark && mark->segment > segment.number) {
    tail.durable_end = segment.bytes.size();
    if (!copied || history.anchor->segment > segment.number) {
      return corrupt(segment, 0,
                     "positions up to " + to_string(mark->position) +
                         " were durable in later segments that the MANIFEST does not name" +
                         advice);
    }
  }

  // First what the mark vouches for, then what may lie beyond.
  auto end =
      scan_frames(segment, format::segment_header_bytes, tail.durable_end, chain, contents, each);
  if (!end) return std::move(end).error();
  const bool whole =
      end->offset == tail.durable_end &&
      (!mark || (mark->segment == segment.number ? chain.head() == Head{mark->position, mark->link}
                                                 : chain.head().position >= mark->position));
  if (!whole) {
    if (!copied || end->offset >= tail.durable_end || chain.head().position >= mark->position ||
        !reaches(*history.anchor, segment, *end, chain)) {
      return corrupt(segment, end->offset,
                     (end->flaw.empty() ? "events are missing here" : end->flaw) +
                         ", although all up to position " +
                         to_string(mark ? mark->position : GlobalPosition{0}) + " was durable" +
                         advice);
    }
    tail.missing_from_copy = mark->position.value - chain.head().position.value;
    tail.durable_end = end->offset;
  }
  const bool exact = history.same_boot && mark && !mark->doubtful && tail.missing_from_copy == 0;
  end = scan_beyond(segment, end->offset, exact || anything_missing, chain, each);
  if (!end) return std::move(end).error();
  tail.frames_beyond_mark = end->frames;
  tail.valid_end = end->offset;

  // While the machine ran on, a group that was not whole shows at its first bytes: they were
  // written first. After a power loss any part of the last group may be there.
  if (history.same_boot && end->flaw.empty() && tail.missing_from_copy == 0) {
    tail.dirty_end = tail.valid_end;
    return tail;
  }
  // Beyond an exact mark lies at most one group, so what follows its beginning is a part of it,
  // even if somebody's data looks like a frame.
  const auto beyond =
      anything_missing || exact ? std::nullopt : find_frame_beyond(segment, tail.valid_end);
  if (beyond) {
    return corrupt(segment, tail.valid_end,
                   (end->flaw.empty() ? "events are missing here" : end->flaw) +
                       ", and valid events follow at byte " + std::to_string(*beyond) + advice);
  }
  tail.dirty_end = dirty_end(segment, tail.valid_end);
  return tail;
}

}  // namespace annals::internal
