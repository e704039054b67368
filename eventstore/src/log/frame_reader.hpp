#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "append_entry.hpp"
#include "log_format.hpp"
#include "planted_bug.hpp"
#include "record_reader.hpp"

namespace annals::internal {

/// A segment's bytes and what their checksums are seeded with. Offsets are always those in the
/// segment. Frames are read of whole segments; a record, or an append's header, of a part as well.
struct SegmentBytes {
  StoreId store;
  std::uint64_t number = 0;
  std::string file;  ///< For errors.
  std::span<const std::byte> bytes;
  PlantedBug bug = PlantedBug::none;
  std::uint64_t base = 0;  ///< The offset at which `bytes` begin; 0 unless it is a part.

  /// Whether `count` bytes from `offset` on are here.
  bool holds(std::uint64_t offset, std::uint64_t count) const noexcept {
    return offset >= base && offset - base <= bytes.size() &&
           bytes.size() - (offset - base) >= count;
  }
  /// What is here from `offset` on. REQUIRES: holds(offset, 0).
  std::span<const std::byte> from(std::uint64_t offset) const noexcept {
    return bytes.subspan(offset - base);
  }
  /// What the checksum of a frame starts from.
  std::uint32_t frame_seed(std::uint64_t offset, std::uint32_t length) const noexcept {
    if (bug == PlantedBug::checksum_not_seeded) return format::seed(store, 0, 0, length);
    return format::seed(store, number, offset, length);
  }
  /// The same of a record; nothing: its checksum is not looked at.
  std::optional<std::uint32_t> record_seed(std::uint64_t offset,
                                           std::uint32_t length) const noexcept {
    if (bug == PlantedBug::record_checksum_left_out || bug == PlantedBug::torn_frame_accepted ||
        bug == PlantedBug::checksum_not_seeded) {
      return std::nullopt;
    }
    return format::seed(store, number, offset, length);
  }
};

/// That the segment is damaged at `offset`, and how.
Error corrupt(const SegmentBytes& segment, std::uint64_t offset, const std::string& what);

/// One append of a frame. Its records are checked and in `records`, their tags in `tags`.
struct AppendView {
  AppendEntry entry;  ///< `address` is the append header's offset in the segment.
  std::vector<RecordView> records;
  std::vector<std::uint64_t> offsets;  ///< Of each record in the segment.
  std::vector<std::string_view> tags;

  std::span<const std::string_view> tags_of(const RecordView& record) const {
    return std::span(tags).subspan(record.first_tag, record.tag_count);
  }
};

/// A frame whose checksum is right.
struct FrameView {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t append_count = 0;
  GlobalPosition first_position;
};

/// What lies at an offset where a frame may begin.
struct FrameProbe {
  enum class Kind : std::uint8_t { frame, free, bad } kind = Kind::free;
  FrameView frame = {};
  std::string flaw = {};  ///< Of a bad one.
};

/// Looks at `offset`: a valid frame, free space (the next length is zero or the segment ends), or
/// something else.
FrameProbe probe_frame(const SegmentBytes& segment, std::uint64_t offset);

/// The offset of a valid frame beyond `offset`, if there is one anywhere in the segment.
std::optional<std::uint64_t> find_frame_beyond(const SegmentBytes& segment, std::uint64_t offset);

/// Reads the append header at `offset`, which must be here if `segment` is a part. Its `last` field
/// count is not followed.
///
/// Errors: corrupt.
Result<AppendEntry> read_append_header(const SegmentBytes& segment, std::uint64_t offset);

/// A checksum of the header that `append` begins with, which lies at `offset`. Records have their
/// own, and frames one that covers all of them; this one is kept in the index, for reading a header
/// alone.
std::uint32_t append_header_check(const StoreId& store, std::uint64_t segment, std::uint64_t offset,
                                  std::span<const std::byte> append);
/// The same; the header must be here.
inline std::uint32_t append_header_check(const SegmentBytes& segment, std::uint64_t offset) {
  return append_header_check(segment.store, segment.number, offset, segment.from(offset));
}

/// Walks the appends of a frame, checking each record. `each` returns an error to stop.
///
/// Errors: corrupt and unsupported with place; whatever `each` returns.
template <typename Each>
Result<void> for_each_append(const SegmentBytes& segment, const FrameView& frame, Each&& each);

/// Reads the append that begins at `offset` inside `frame` into `view`, and moves `offset` behind
/// it.
Result<void> read_append(const SegmentBytes& segment, const FrameView& frame, std::uint64_t& offset,
                         AppendView& view);

template <typename Each>
Result<void> for_each_append(const SegmentBytes& segment, const FrameView& frame, Each&& each) {
  std::uint64_t offset = frame.offset + format::frame_header_bytes;
  AppendView view;
  for (std::uint32_t i = 0; i < frame.append_count; ++i) {
    if (auto read = read_append(segment, frame, offset, view); !read) return read;
    if (Result<void> went = each(static_cast<const AppendView&>(view)); !went) return went;
  }
  return {};
}

}  // namespace annals::internal
