#include "log_copy.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/log_backup.hpp>

#include "log_format.hpp"
#include "recovery.hpp"
#include "scan.hpp"
#include "segment.hpp"
#include "snapshot_file.hpp"

namespace annals::internal {
namespace {

constexpr std::uint64_t piece_bytes = 1024 * 1024;

Result<void> nothing(const SegmentBytes&, const AppendView&) { return {}; }

Error cut_short(const std::string& path, std::uint64_t at, std::uint64_t bytes) {
  return {.code = ErrorCode::corrupt,
          .message = path + " at byte " + std::to_string(at) + ": the file is cut short, " +
                     std::to_string(bytes) + " bytes of it were in use",
          .place = Error::Place{path, at}};
}

/// Ends the plan where the mark says.
Result<CopyPlan> up_to(FileSystem& files, const Mark& mark, Manifest manifest,
                       const std::string& folder) {
  auto& segments = manifest.segments;
  const auto last =
      std::find_if(segments.begin(), segments.end(),
                   [&](const ManifestSegment& listed) { return listed.number == mark.segment; });
  if (last == segments.end()) return old_manifest(mark, folder);
  segments.erase(std::next(last), segments.end());
  segments.back() = {
      .number = last->number, .first = last->first, .link_before = last->link_before};
  auto active = open_segment(files, folder, manifest.store, segments.back(), false);
  if (!active) return std::move(active).error();
  return CopyPlan{std::move(manifest), mark, std::make_shared<const Segment>(*std::move(active))};
}

/// The mark is not of this start of the machine or of this folder, or in doubt: all that is whole
/// counts.
Result<CopyPlan> up_to_what_is_whole(FileSystem& files, const std::string& folder, const Mark& mark,
                                     const MarkFile& mark_file, const Manifest& manifest) {
  const ManifestSegment& listed = manifest.segments.back();
  auto segment = open_segment(files, folder, manifest.store, listed, false);
  if (!segment) return std::move(segment).error();
  const auto history = history_of(manifest, mark, mark_file, files, folder);
  if (!history) return history.error();
  Chain chain(Head{{listed.first.value - 1}, listed.link_before});
  const auto tail =
      scan_active(segment->bytes(manifest.store), mark, *history, chain, false, nothing);
  if (!tail) return tail.error();
  CopyPlan plan{manifest, mark, std::make_shared<const Segment>(*segment)};
  plan.end.position = chain.head().position;
  plan.end.link = chain.head().link;
  plan.end.segment = listed.number;
  plan.end.offset = tail->valid_end;
  return plan;
}

}  // namespace

Result<CopyPlan> plan_copy(FileSystem& files, const std::string& folder) {
  for (int tries = 0;; ++tries) {
    auto manifest = read_manifest(files, folder);
    if (!manifest) return std::move(manifest).error();
    if (!*manifest) return no_store(folder);
    const auto mark_file = MarkFile::open(files, folder, false);
    if (!mark_file) return mark_file.error();
    const auto mark = mark_file->read((*manifest)->store, (*manifest)->segments.back().number);
    if (!mark) return mark.error();
    if (!*mark) return no_mark(folder);
    const auto boot = boot_of(files, folder);
    if ((*mark)->boot == boot && (*mark)->doubtful && tries < 3) {
      // A writer may be in the middle of the other slot; damage stays.
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    // Again, behind the mark: the writer may have rolled over in between.
    manifest = read_manifest(files, folder);
    if (!manifest) return std::move(manifest).error();
    if (!*manifest) return no_store(folder);
    if ((*mark)->is_exact(boot)) {
      auto plan = up_to(files, **mark, **std::move(manifest), folder);
      // The writer may have completed and packed that segment since the mark was read.
      if (!plan && tries < 3) continue;
      return plan;
    }
    return up_to_what_is_whole(files, folder, **mark, *mark_file, **manifest);
  }
}

Result<CopyPlan> plan_copy_up_to(FileSystem& files, const std::string& folder,
                                 GlobalPosition last) {
  auto manifest = read_manifest(files, folder);
  if (!manifest) return std::move(manifest).error();
  if (!*manifest) return no_store(folder);
  auto& segments = (*manifest)->segments;
  while (segments.size() > 1 && segments.back().first > last) segments.pop_back();
  ManifestSegment& listed = segments.back();
  auto segment = open_segment(files, folder, (*manifest)->store, listed, false);
  if (!segment) return std::move(segment).error();
  const auto whole = segment->whole((*manifest)->store);
  if (!whole) return whole.error();

  Chain chain(Head{{listed.first.value - 1}, listed.link_before});
  std::uint64_t offset = format::segment_header_bytes;
  while (chain.head().position < last) {
    Chain with_next = chain;
    const auto end = scan_frames(whole->bytes, offset, offset + 1, with_next, true, nothing);
    if (!end || end->offset == offset) {
      const bool damaged = !end || !end->flaw.empty();
      return Error{.code = damaged ? ErrorCode::corrupt : ErrorCode::diverged,
                   .message = folder + " is whole up to position " +
                              to_string(chain.head().position) + ", not to " + to_string(last) +
                              (damaged ? ": " + (end ? end->flaw : end.error().message) : ""),
                   .place = Error::Place{segment->path, offset},
                   .position = chain.head().position};
    }
    if (with_next.head().position > last) break;
    chain = std::move(with_next);
    offset = end->offset;
  }
  listed = {.number = listed.number, .first = listed.first, .link_before = listed.link_before};
  Mark end;
  end.store = (*manifest)->store;
  end.position = chain.head().position;
  end.link = chain.head().link;
  end.segment = listed.number;
  end.offset = offset;
  return CopyPlan{**std::move(manifest), end, std::make_shared<const Segment>(*std::move(segment))};
}

LogCopy::LogCopy(FileSystem& files, std::string from, std::string to, CopyPlan plan, bool verify,
                 Progress progress)
    : files_(files),
      from_(std::move(from)),
      to_(std::move(to)),
      plan_(std::move(plan)),
      verify_(verify),
      progress_(std::move(progress)),
      chain_(Head{{plan_.manifest.segments.front().first.value - 1},
                  plan_.manifest.segments.front().link_before}) {
  for (const ManifestSegment& listed : plan_.manifest.segments) all_ += end_of(listed);
  if (verify_) all_ *= 2;
}

LogCopy::~LogCopy() {
  if (finished_) return;
  for (auto name = made_.rbegin(); name != made_.rend(); ++name) {
    (void)files_.remove(to_ + '/' + *name);
  }
}

Result<void> LogCopy::begin() {
  if (lies_inside(to_, from_)) {
    return Error{ErrorCode::invalid_argument, to_ + " lies inside the store " + from_};
  }
  const auto there = files_.exists(to_);
  if (!there) return there.error();
  if (*there) {
    const auto names = files_.list(to_);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (name == "lost+found") continue;
      return Error{ErrorCode::unavailable, to_ + " is not empty (" + name +
                                               "): a copy of a store needs a folder of its own; "
                                               "what one that was cut short has left, without a "
                                               "MANIFEST, can be removed"};
    }
  }
  return make_folder(files_, to_);
}

Result<void> LogCopy::copy_segments() {
  const ManifestSegment& first = plan_.manifest.segments.front();
  if (first.number == 1 && first.link_before != first_link(plan_.manifest.store)) {
    const std::string path = from_ + '/' + format::manifest_name;
    return Error{.code = ErrorCode::corrupt,
                 .message = path + ": the first segment is not linked to the store's own beginning",
                 .place = Error::Place{path, 0}};
  }
  for (const ManifestSegment& listed : plan_.manifest.segments) {
    if (auto copied = copy_segment(listed); !copied) return copied;
    if (!verify_) continue;
    if (auto verified = verify_segment(listed); !verified) return verified;
    if (auto told = tell(end_of(listed)); !told) return told;
  }
  return {};
}

Result<std::shared_ptr<const Segment>> LogCopy::open_source(const ManifestSegment& listed) const {
  if (!listed.sealed) return plan_.active;
  auto segment = open_segment(files_, from_, plan_.manifest.store, listed, false);
  if (!segment) return std::move(segment).error();
  return std::make_shared<const Segment>(*std::move(segment));
}

Result<void> LogCopy::copy_segment(const ManifestSegment& listed) {
  const auto opened = open_source(listed);
  if (!opened) return opened.error();
  const std::shared_ptr<const Segment>& segment = *opened;
  const std::uint64_t end = end_of(listed);
  if (segment->packed) {
    return listed.sealed ? copy_packed(*segment, listed) : unpack(*segment, listed);
  }
  if (end > segment->file_bytes) return cut_short(segment->path, segment->file_bytes, end);
  auto file = make_file(format::segment_name(listed.number));
  if (!file) return std::move(file).error();
  // All of it, free space too: whoever writes to it later must not meet a full disk.
  if (auto room = (*file)->allocate(segment->file_bytes); !room) return room;
  if (auto copied = copy_bytes(*segment->file, **file, end); !copied) return copied;
  return (*file)->sync();
}

Result<void> LogCopy::copy_packed(const Segment& segment, const ManifestSegment& listed) {
  const auto file = make_file(PackedFile::name_of(listed.number));
  if (!file) return file.error();
  // The writer may have begun to pack since the MANIFEST was read.
  plan_.manifest.incompatible |= format::packed_segments;
  const std::uint64_t done = done_;  // Progress counts what the segment holds.
  all_ += segment.packed->file_bytes() - std::min(end_of(listed), segment.packed->file_bytes());
  if (auto copied = copy_bytes(segment.packed->file(), **file, segment.packed->file_bytes());
      !copied) {
    return copied;
  }
  if (auto told = tell(std::max(end_of(listed), done_ - done) - (done_ - done)); !told) return told;
  return (*file)->sync();
}

Result<void> LogCopy::unpack(const Segment& segment, const ManifestSegment& listed) {
  const auto whole = segment.whole(plan_.manifest.store);
  if (!whole) return whole.error();
  const std::uint64_t end = end_of(listed);
  made_.push_back(format::segment_name(listed.number));
  const auto made = create_segment(files_, to_, plan_.manifest.store, listed.number, listed.first,
                                   listed.link_before, end);
  if (!made) return made.error();
  constexpr std::uint64_t begin = format::segment_header_bytes;
  const auto frames = whole->bytes.bytes.subspan(begin, end - begin);
  if (auto wrote = made->file->write_at(begin, frames); !wrote) return wrote;
  copied_ += end;
  if (auto told = tell(end); !told) return told;
  return made->file->sync();
}

Result<void> LogCopy::copy_bytes(const File& from, File& to, std::uint64_t bytes) {
  std::vector<std::byte> piece(std::min(piece_bytes, bytes));
  for (std::uint64_t at = 0; at < bytes; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece.size(), bytes - at));
    const auto read = from.read_at(at, piece);
    if (!read) return read.error();
    if (*read < piece.size()) return cut_short(from_, at + *read, bytes);
    if (auto wrote = to.write_at(at, piece); !wrote) return wrote;
    copied_ += piece.size();
    if (auto told = tell(piece.size()); !told) return told;
  }
  return {};
}

Result<void> LogCopy::verify_segment(const ManifestSegment& listed) {
  Chain before = chain_;
  const auto made = open_segment(files_, to_, plan_.manifest.store, listed, false);
  auto walked = made ? walk(*made, listed, chain_) : Result<void>(made.error());
  if (walked || walked.error().code != ErrorCode::corrupt) return walked;
  // The copy is as good as what it was made from, unless the disk it lies on is at fault.
  const auto from = open_source(listed);
  if (!from) return from.error();
  if (auto source = walk(**from, listed, before); !source) return source;
  return Error{.code = ErrorCode::unavailable,
               .message = "the copy is not what was written to it: " + walked.error().message};
}

Result<void> LogCopy::walk(const Segment& segment, const ManifestSegment& listed,
                           Chain& chain) const {
  const auto whole = segment.whole(plan_.manifest.store);
  if (!whole) return whole.error();
  const SegmentBytes& bytes = whole->bytes;
  if (listed.sealed) return scan_sealed(bytes, listed, chain, true, nothing);
  const auto end =
      scan_frames(bytes, format::segment_header_bytes, plan_.end.offset, chain, true, nothing);
  if (!end) return end.error();
  if (end->offset == plan_.end.offset && chain.head() == Head{plan_.end.position, plan_.end.link}) {
    return {};
  }
  return Error{.code = ErrorCode::corrupt,
               .message = bytes.file + " at byte " + std::to_string(end->offset) + ": " +
                          (end->flaw.empty() ? "events are missing here" : end->flaw) +
                          ", although all up to position " + to_string(plan_.end.position) +
                          " was durable",
               .place = Error::Place{bytes.file, end->offset}};
}

Result<void> LogCopy::copy_snapshots() {
  const std::string path = from_ + '/' + format::snapshots_name;
  const auto there = files_.exists(path);
  if (!there) return there.error();
  if (!*there) return {};
  const auto from = files_.open(path, FileSystem::Mode::read);
  if (!from) return from.error();
  const auto size = (*from)->size();
  if (!size) return size.error();
  if (*size == 0) return {};
  const auto mapped = (*from)->map(*size);
  if (!mapped) return mapped.error();
  auto to = make_file(format::snapshots_name);
  if (!to) return std::move(to).error();
  // What lies behind the last whole one is damage, or a writer's that is in the middle of it.
  const std::uint64_t whole = SnapshotFile::whole_bytes(plan_.manifest.store, (*mapped)->bytes());
  all_ += whole;
  if (auto copied = copy_bytes(**from, **to, whole); !copied) return copied;
  return (*to)->sync();
}

Result<void> LogCopy::finish() {
  auto mark = MarkFile::create(files_, to_);
  made_.push_back(format::mark_name);
  if (!mark) return std::move(mark).error();
  Mark end = plan_.end;
  end.boot = boot_of(files_, to_);
  end.era = plan_.manifest.eras.back().era;
  if (auto anchored = mark->anchor(end); !anchored) return anchored;
  if (auto synced = files_.sync_directory(to_); !synced) return synced;
  made_.push_back(std::string(format::manifest_name) + ".new");
  if (auto prepared = prepare_manifest(files_, to_, plan_.manifest); !prepared) return prepared;
  made_.push_back(format::manifest_name);
  if (auto swapped = swap_manifest(files_, to_); !swapped) return swapped;
  finished_ = true;
  return {};
}

Result<std::unique_ptr<File>> LogCopy::make_file(const std::string& name) {
  auto file = files_.open(to_ + '/' + name, FileSystem::Mode::create_new);
  if (file) made_.push_back(name);
  return file;
}

std::uint64_t LogCopy::end_of(const ManifestSegment& listed) const {
  return listed.sealed ? listed.end : plan_.end.offset;
}

Result<void> LogCopy::tell(std::uint64_t more) {
  done_ += more;
  if (!progress_ || progress_(done_, all_)) return {};
  return Error{ErrorCode::timeout, "given up when " + std::to_string(done_) + " of " +
                                       std::to_string(all_) + " bytes were done"};
}

}  // namespace annals::internal
