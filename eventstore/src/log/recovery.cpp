#include "recovery.hpp"

#include <algorithm>
#include <vector>

#include <annals/eventstore/content_hash.hpp>

#include "log_format.hpp"
#include "pack_segment.hpp"

namespace annals::internal {
namespace {

constexpr std::uint64_t repair_piece_bytes = 1024 * 1024;

/// The folder that holds the name `path`.
std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> wipe(File& file, std::uint64_t from, std::uint64_t to) {
  const std::vector<std::byte> zeros(std::min(repair_piece_bytes, to - from));
  for (std::uint64_t at = from; at < to; at += repair_piece_bytes) {
    const std::uint64_t size = std::min(repair_piece_bytes, to - at);
    if (auto wrote = file.write_at(at, std::span(zeros).first(size)); !wrote) return wrote;
  }
  return {};
}

Result<Manifest> create_store(const LogOptions& options, const StoreId& id) {
  // Whoever made the folder, and those above it, may have been stopped before the names were
  // durable. Those further up may belong to others who do not let us read them.
  std::string parent = parent_of(options.path);
  if (auto synced = options.files->sync_directory(parent); !synced) {
    return std::move(synced).error();
  }
  while (parent != "/" && parent != ".") {
    parent = parent_of(parent);
    (void)options.files->sync_directory(parent);
  }
  Manifest manifest;
  manifest.store = options.identity ? options.identity->store : id;
  manifest.eras = {{Era{1}, GlobalPosition{0}}};
  if (options.identity) manifest.eras = options.identity->eras;
  const Link link = first_link(manifest.store);
  auto segment = create_segment(*options.files, options.path, manifest.store, 1, {1}, link,
                                options.segment_bytes);
  if (!segment) return std::move(segment).error();
  manifest.segments = {{.number = 1, .first = {1}, .link_before = link}};
  // Before the MANIFEST: a store always has a mark.
  auto mark = MarkFile::create(*options.files, options.path);
  if (!mark) return std::move(mark).error();
  auto anchored = mark->anchor({.boot = boot_of(*options.files, options.path),
                                .store = manifest.store,
                                .era = manifest.eras.back().era,
                                .link = link,
                                .segment = 1,
                                .offset = format::segment_header_bytes});
  if (!anchored) return std::move(anchored).error();
  if (auto prepared = prepare_manifest(*options.files, options.path, manifest); !prepared) {
    return std::move(prepared).error();
  }
  if (auto swapped = swap_manifest(*options.files, options.path); !swapped) {
    return std::move(swapped).error();
  }
  return manifest;
}

/// "1 after 0, 2 after 7".
std::string text_of(const std::vector<EraBegin>& eras) {
  std::string text;
  for (const EraBegin& era : eras) {
    if (!text.empty()) text += ", ";
    text += std::to_string(era.era.value) + " after " + to_string(era.begins_after);
  }
  return text;
}

}  // namespace

Error no_store(const std::string& folder) {
  return {ErrorCode::unavailable, "there is no store in " + folder + " (no MANIFEST)"};
}

Result<void> check_identity(const LogOptions& options, const Manifest& manifest) {
  if (!options.identity) return {};
  if (options.identity->store == manifest.store && options.identity->eras == manifest.eras) {
    return {};
  }
  if (options.identity->store == manifest.store) {
    return Error{ErrorCode::invalid_argument,
                 options.path + " is the same store (" + to_string(manifest.store) +
                     ") with other eras (" + text_of(manifest.eras) + ") than those asked for (" +
                     text_of(options.identity->eras) +
                     "): an exact import makes a store of its own, in a new folder"};
  }
  return Error{ErrorCode::invalid_argument,
               options.path + " is another store (" + to_string(manifest.store) + ", era " +
                   std::to_string(manifest.eras.back().era.value) + ") than the one asked for (" +
                   to_string(options.identity->store) + ", era " +
                   std::to_string(options.identity->eras.back().era.value) + ")"};
}

Result<void> check_era_has_begun(const LogOptions& options, const Manifest& manifest,
                                 GlobalPosition head) {
  const EraBegin& last = manifest.eras.back();
  if (options.identity || last.begins_after <= head) return {};
  const std::string path = options.path + '/' + format::manifest_name;
  return Error{.code = ErrorCode::corrupt,
               .message = path + ": era " + std::to_string(last.era.value) +
                          " began after position " + to_string(last.begins_after) +
                          ", but the store ends at " + to_string(head) +
                          ": events are missing, or an exact import has not come to its end and "
                          "is to be run again",
               .place = Error::Place{path, 0}};
}

Result<void> refuse_foreign_folder(FileSystem& files, const std::string& folder) {
  const auto there = files.exists(folder + '/' + format::manifest_name);
  if (!there) return there.error();
  if (*there) return {};
  const auto names = files.list(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    // What the making of a store that was cut short leaves behind, and an empty disk has.
    if (name.starts_with("segment-") || name.starts_with(format::manifest_name) ||
        name == format::mark_name || name == format::lock_name || name == format::heads_name ||
        name.starts_with(format::snapshots_name) || name == "lost+found") {
      continue;
    }
    return Error{ErrorCode::unavailable, folder + " holds other files (" + name +
                                             ") and no store; a store needs a folder of its own"};
  }
  return {};
}

Result<void> make_folder(FileSystem& files, const std::string& folder) {
  std::vector<std::string> parents;  // Of folders that are missing, the deepest first.
  for (std::string at = folder; at != "/" && at != "."; at = parents.back()) {
    const auto there = files.exists(at);
    if (!there) return there.error();
    if (*there) break;
    parents.push_back(parent_of(at));
  }
  if (auto made = files.create_directories(folder); !made) return made;
  for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
    if (auto synced = files.sync_directory(*parent); !synced) return synced;
  }
  return {};
}

Result<Manifest> manifest_for_writing(const LogOptions& options,
                                      const std::optional<StoreId>& new_store) {
  auto manifest = read_manifest(*options.files, options.path);
  if (!manifest) return std::move(manifest).error();
  if (*manifest) return std::move(**manifest);
  if (options.access != LogOptions::Access::create) return no_store(options.path);
  return create_store(options, new_store ? *new_store : new_store_id());
}

Result<LogWriter::Position> Recovery::run(SegmentSet& segments, const Reader& reader) {
  auto mark_file = MarkFile::open(*options_.files, options_.path, true);
  if (!mark_file) return std::move(mark_file).error();
  const auto mark = mark_file->read(manifest_.store, manifest_.segments.back().number);
  if (!mark) return mark.error();
  if (!*mark) {
    if (!options_.accept_lost_mark) return no_mark(options_.path);
    mark_file = MarkFile::create(*options_.files, options_.path);
    if (!mark_file) return std::move(mark_file).error();
  }
  const bool copied = *mark && (*mark)->copied;
  if (copied) {
    if (auto settled = settle_copy(); !settled) return std::move(settled).error();
  }
  // A process that died between renaming the MANIFEST and syncing the folder leaves one that a
  // power loss would take back, and with it the segment that is about to be written to.
  if (auto synced = options_.files->sync_directory(options_.path); !synced) {
    return std::move(synced).error();
  }

  if (auto removed = remove_half_packed(*options_.files, options_.path); !removed) {
    return std::move(removed).error();
  }
  for (const ManifestSegment& listed : manifest_.segments) {
    auto segment = open_segment(*options_.files, options_.path, manifest_.store, listed,
                                !listed.sealed, segments.cache());
    if (copied && segment) {
      if (auto whole = check_copy(*segment, listed); !whole) segment = std::move(whole).error();
    }
    if (!segment) {
      Error error = std::move(segment).error();
      if (copied && error.code == ErrorCode::corrupt) error.message += advice_on_copies;
      return error;
    }
    segment->bug = bug_;
    if (listed.sealed) segment->file.reset();
    segments.add(*std::move(segment));
    if (!listed.sealed) break;
    const bool newest = listed.number + 1 == manifest_.segments.back().number;
    if (auto told = reader.on_sealed(listed, newest); !told) return std::move(told).error();
  }
  const ManifestSegment& last = manifest_.segments.back();
  Chain chain(Head{{last.first.value - 1}, last.link_before}, reader.on_active(last.number));
  const auto kept_active = segments.at(last.number);
  const Segment& active = *kept_active;
  const auto history = history_of(manifest_, *mark, *mark_file, *options_.files, options_.path);
  if (!history) return history.error();
  auto tail =
      scan_active(active.bytes(manifest_.store), *mark, *history, chain, false, reader.on_append);
  if (!tail) return std::move(tail).error();
  if (history->answered_unsynced) tail->durable_end = format::segment_header_bytes;
  if (auto settled = settle_tail(active, *tail); !settled) return std::move(settled).error();

  const Mark now{.boot = boot_of(*options_.files, options_.path),
                 .store = manifest_.store,
                 .era = manifest_.eras.back().era,
                 .position = chain.head().position,
                 .link = chain.head().link,
                 .segment = active.number,
                 .offset = tail->valid_end};
  if (auto anchored = mark_file->anchor(now); !anchored) return std::move(anchored).error();
  auto manifest = note_options();
  if (!manifest) return std::move(manifest).error();
  return LogWriter::Position{std::move(*manifest), std::move(*mark_file), tail->valid_end,
                             chain.head(), chain.last_recorded_at()};
}

Result<Manifest> Recovery::note_options() {
  Manifest manifest = manifest_;
  manifest.compatible &= ~format::answered_unsynced;
  if (options_.durability == Durability::survives_process_only) {
    manifest.compatible |= format::answered_unsynced;
  }
  if (options_.compression != Compression::none) manifest.incompatible |= format::packed_segments;
  if (manifest.compatible == manifest_.compatible &&
      manifest.incompatible == manifest_.incompatible) {
    return manifest;
  }
  if (auto prepared = prepare_manifest(*options_.files, options_.path, manifest); !prepared) {
    return std::move(prepared).error();
  }
  if (auto swapped = swap_manifest(*options_.files, options_.path); !swapped) {
    return std::move(swapped).error();
  }
  return manifest;
}

Result<void> Recovery::settle_copy() {
  // Its parts may be of different times.
  if (bug_ != PlantedBug::trust_copied_heads) {
    const std::string heads = options_.path + '/' + format::heads_name;
    const auto there = options_.files->exists(heads);
    if (!there) return there.error();
    if (*there) {
      if (auto removed = options_.files->remove(heads); !removed) return removed;
    }
  }
  constexpr std::string_view prefix = "segment-";
  const auto names = options_.files->list(options_.path);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix) || name.ends_with(format::set_aside_suffix)) continue;
    const std::string path = options_.path + '/' + name;
    if (std::strtoull(name.c_str() + prefix.size(), nullptr, 10) >
        manifest_.segments.back().number) {
      auto set_aside = options_.files->rename(path, path + format::set_aside_suffix);
      if (!set_aside) return set_aside;
      continue;
    }
    auto file = options_.files->open(path, FileSystem::Mode::read);
    if (!file) return std::move(file).error();
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  const ManifestSegment& last = manifest_.segments.back();
  const auto there =
      options_.files->exists(options_.path + '/' + format::segment_name(last.number));
  if (!there) return there.error();
  if (*there) return {};
  auto made = create_segment(*options_.files, options_.path, manifest_.store, last.number,
                             last.first, last.link_before, options_.segment_bytes);
  if (!made) return std::move(made).error();
  return {};
}

Result<void> Recovery::check_copy(const Segment& segment, const ManifestSegment& listed) const {
  if (!listed.sealed || segment.packed) return {};
  Chain chain(Head{{listed.first.value - 1}, listed.link_before});
  return scan_sealed(segment.bytes(manifest_.store), listed, chain, false,
                     [](const SegmentBytes&, const AppendView&) -> Result<void> { return {}; });
}

Result<void> Recovery::settle_tail(const Segment& active, const Tail& tail) {
  found_.rewritten_groups = tail.frames_beyond_mark;
  found_.missing_from_copy = tail.missing_from_copy;
  found_.torn_bytes = tail.dirty_end - tail.valid_end;
  const bool rewrite =
      tail.valid_end > tail.durable_end && bug_ != PlantedBug::trust_tail_after_failed_sync;
  if (!rewrite && tail.dirty_end == tail.valid_end) return {};

  const auto bytes = active.mapping->bytes();
  for (std::uint64_t at = tail.durable_end; rewrite && at < tail.valid_end;
       at += repair_piece_bytes) {
    // After a failed sync the page cache may show bytes that the disk does not have and that no
    // later sync would write: only writing them again makes them durable.
    const std::uint64_t size = std::min(repair_piece_bytes, tail.valid_end - at);
    const std::vector<std::byte> piece(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                       bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (auto wrote = active.file->write_at(at, piece); !wrote) return wrote;
  }
  if (auto wiped = wipe(*active.file, tail.valid_end, tail.dirty_end); !wiped) return wiped;
  return active.file->sync();
}

Result<void> Recovery::wipe_rest(const SegmentSet& segments, const LogWriter::Position& position) {
  const auto active = segments.at(position.manifest.segments.back().number);
  const std::uint64_t end = dirty_end(active->bytes(manifest_.store), position.offset);
  if (end == position.offset) return {};
  found_.torn_bytes += end - position.offset;
  if (auto wiped = wipe(*active->file, position.offset, end); !wiped) return wiped;
  return active->file->sync();
}

}  // namespace annals::internal
