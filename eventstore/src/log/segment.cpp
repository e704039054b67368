#include "segment.hpp"

#include <cstdio>
#include <mutex>

#include <annals/eventstore/assert.hpp>

#include "log_format.hpp"

namespace annals::internal {

// Header: magic, u32 format, u32 header bytes, store, u64 number, u64 first position, u64 file
// bytes, link before, zeros, u32 crc of all before it.
namespace {

Error corrupt(const std::string& path, std::uint64_t offset, const std::string& what) {
  return {.code = ErrorCode::corrupt,
          .message = path + " at byte " + std::to_string(offset) + ": " + what,
          .place = Error::Place{path, offset}};
}

}  // namespace

std::string format::segment_name(std::uint64_t number) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "segment-%08llu.log",
                static_cast<unsigned long long>(number));
  return name.data();
}

Result<bool> holds_events(FileSystem& files, const std::string& path) {
  auto file = files.open(path, FileSystem::Mode::read);
  if (!file) return std::move(file).error();
  std::array<std::byte, 4> length{};
  const auto read = (*file)->read_at(format::segment_header_bytes, length);
  if (!read) return read.error();
  return length != std::array<std::byte, 4>{};
}

Result<Segment> create_segment(FileSystem& files, const std::string& folder,
                               const StoreId& store_id, std::uint64_t number, GlobalPosition first,
                               const Link& link_before, std::uint64_t file_bytes) {
  const std::string path = folder + '/' + format::segment_name(number);
  if (const auto left = files.exists(path); !left) {
    return left.error();
  } else if (*left) {
    // A segment that the MANIFEST does not name never got as far as holding events, unless the
    // MANIFEST is an old one.
    const auto holds = holds_events(files, path);
    if (!holds) return holds.error();
    if (*holds) {
      return corrupt(path, format::segment_header_bytes,
                     "it holds events, but the MANIFEST does not name it: the MANIFEST is older "
                     "than the segments");
    }
    if (auto removed = files.remove(path); !removed) return removed.error();
  }
  const std::string packed = folder + '/' + PackedFile::name_of(number);
  if (const auto left = files.exists(packed); !left) {
    return left.error();
  } else if (*left) {
    return corrupt(packed, 0,
                   "the MANIFEST does not name this segment: it is older than the segments");
  }
  auto file = files.open(path, FileSystem::Mode::create_new);
  if (!file) return std::move(file).error();
  // Room first: later writes cannot meet a full disk, and need not grow the file.
  if (auto room = (*file)->allocate(file_bytes); !room) {
    (void)files.remove(path);  // Give back what was taken; the next try would remove it as well.
    return room.error();
  }
  std::array<std::byte, format::segment_header_bytes> header{};
  std::memcpy(header.data(), format::segment_magic.data(), 8);
  store(header.data() + 8, format::version);
  store(header.data() + 12, static_cast<std::uint32_t>(header.size()));
  std::memcpy(header.data() + 16, store_id.bytes.data(), 16);
  store(header.data() + 32, number);
  store(header.data() + 40, first.value);
  store(header.data() + 48, file_bytes);
  std::memcpy(header.data() + 56, link_before.bytes.data(), 32);
  store(header.data() + 124, crc32c(0, std::span(header).first(124)));
  if (auto wrote = (*file)->write_at(0, header); !wrote) return wrote.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (auto synced = files.sync_directory(folder); !synced) return synced.error();
  auto mapping = (*file)->map(file_bytes);
  if (!mapping) return mapping.error();
  return Segment{number, path, file_bytes, std::move(*file), std::move(*mapping)};
}

Result<Segment> open_segment(FileSystem& files, const std::string& folder, const StoreId& store_id,
                             const ManifestSegment& listed, bool writable,
                             std::shared_ptr<BlockCache> cache) {
  const std::string path = folder + '/' + format::segment_name(listed.number);
  auto there = files.exists(path);
  if (!there) return there.error();
  auto file = Result<std::unique_ptr<File>>(nullptr);
  if (*there) {
    file = files.open(path, writable ? FileSystem::Mode::read_write : FileSystem::Mode::read);
    if (!file && listed.sealed) {
      // A writer may have packed it just now; it never comes back under this name.
      there = files.exists(path);
      if (!there) return there.error();
    }
    if (!file && *there) return std::move(file).error();
  }
  if (!*there) {
    const std::string packed = folder + '/' + PackedFile::name_of(listed.number);
    const auto in_its_place = files.exists(packed);
    if (!in_its_place) return in_its_place.error();
    if (listed.sealed && *in_its_place) {
      return open_packed(files, folder, store_id, listed, std::move(cache));
    }
    return corrupt(path, 0, "the MANIFEST names this segment and it is missing");
  }
  std::array<std::byte, format::segment_header_bytes> header{};
  const auto read = (*file)->read_at(0, header);
  if (!read) return read.error();
  if (*read < header.size()) return corrupt(path, *read, "the file ends in its header");
  if (std::memcmp(header.data(), format::segment_magic.data(), 8) != 0) {
    return corrupt(path, 0, "this is no segment of annals");
  }
  if (load<std::uint32_t>(header.data() + 124) != crc32c(0, std::span(header).first(124))) {
    return corrupt(path, 0, "the header's checksum is wrong");
  }
  if (const auto format = load<std::uint32_t>(header.data() + 8); format != format::version) {
    return Error{ErrorCode::unsupported,
                 path + ": format " + std::to_string(format) + "; this annals reads format 1"};
  }
  if (std::memcmp(header.data() + 16, store_id.bytes.data(), 16) != 0) {
    return corrupt(path, 16, "this segment belongs to another store");
  }
  if (load<std::uint64_t>(header.data() + 32) != listed.number ||
      load<std::uint64_t>(header.data() + 40) != listed.first.value ||
      std::memcmp(header.data() + 56, listed.link_before.bytes.data(), 32) != 0) {
    return corrupt(path, 32, "the header and the MANIFEST disagree");
  }
  const auto file_bytes = load<std::uint64_t>(header.data() + 48);
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size < file_bytes) {
    return corrupt(path, *size,
                   "the file is cut short: " + std::to_string(*size) + " of " +
                       std::to_string(file_bytes) + " bytes");
  }
  auto mapping = (*file)->map(file_bytes);
  if (!mapping) return mapping.error();
  return Segment{listed.number, path, file_bytes, std::move(*file), std::move(*mapping)};
}

Result<Segment> open_active(FileSystem& files, const std::string& folder, Manifest& manifest) {
  while (true) {
    const ManifestSegment& listed = manifest.segments.back();
    auto segment = open_segment(files, folder, manifest.store, listed, false);
    if (segment) return segment;
    auto again = read_manifest(files, folder);
    if (!again) return std::move(again).error();
    // Its number has grown if that was why, so this comes to an end.
    if (!*again || (*again)->segments.back().number <= listed.number) return segment;
    manifest = **std::move(again);
  }
}

Result<Segment> open_packed(FileSystem& files, const std::string& folder, const StoreId& store_id,
                            const ManifestSegment& listed, std::shared_ptr<BlockCache> cache) {
  const std::string path = folder + '/' + PackedFile::name_of(listed.number);
  auto packed = PackedFile::open(files, path, store_id, listed, std::move(cache));
  if (!packed) return std::move(packed).error();
  Segment segment;
  segment.number = listed.number;
  segment.path = path;
  segment.file_bytes = (*packed)->end();
  segment.packed = std::move(*packed);
  return segment;
}

Result<SegmentWindow> Segment::window(const StoreId& store, std::uint64_t offset) const {
  if (packed == nullptr) return SegmentWindow{bytes(store), mapping};
  auto block = packed->block_holding(offset);
  if (!block) return std::move(block).error();
  return SegmentWindow{{store, number, path, (*block)->bytes(), bug, (*block)->offset},
                       std::move(*block)};
}

Result<SegmentWindow> Segment::whole(const StoreId& store) const {
  if (packed == nullptr) return SegmentWindow{bytes(store), mapping};
  auto all = packed->whole();
  if (!all) return std::move(all).error();
  return SegmentWindow{{store, number, path, (*all)->bytes(), bug}, std::move(*all)};
}

void SegmentSet::replace(Segment segment) {
  auto replaced = std::make_shared<const Segment>(std::move(segment));
  const std::unique_lock lock(mutex_);
  ANNALS_ASSERT(!segments_.empty() && replaced->number >= segments_.front()->number &&
                    replaced->number <= segments_.back()->number,
                replaced->path);
  segments_[replaced->number - segments_.front()->number].swap(replaced);
}

SegmentSet::Packed SegmentSet::packed() const {
  Packed sum;
  const std::shared_lock lock(mutex_);
  for (const auto& segment : segments_) {
    if (segment->packed == nullptr) continue;
    ++sum.segments;
    sum.bytes += segment->packed->end();
    sum.file_bytes += segment->packed->file_bytes();
  }
  return sum;
}

void SegmentSet::add(Segment segment) {
  const std::unique_lock lock(mutex_);
  if (!segments_.empty() && segments_.back()->number == segment.number) segments_.pop_back();
  ANNALS_ASSERT(segments_.empty() || segments_.back()->number + 1 == segment.number, segment.path);
  segments_.push_back(std::make_shared<const Segment>(std::move(segment)));
}

void SegmentSet::close_file(std::uint64_t number) {
  Segment segment = *at(number);
  segment.file.reset();
  replace(std::move(segment));
}

std::shared_ptr<const Segment> SegmentSet::at(std::uint64_t number) const {
  const std::shared_lock lock(mutex_);
  ANNALS_ASSERT(!segments_.empty() && number >= segments_.front()->number &&
                    number <= segments_.back()->number,
                std::to_string(number));
  return segments_[number - segments_.front()->number];
}

std::size_t SegmentSet::count() const {
  const std::shared_lock lock(mutex_);
  return segments_.size();
}

}  // namespace annals::internal
