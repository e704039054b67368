#include "frame_reader.hpp"

#include "log_format.hpp"

namespace annals::internal {
namespace {

Error at(Error error, const SegmentBytes& segment, std::uint64_t offset) {
  error.message = segment.file + " at byte " + std::to_string(offset) + ": " + error.message;
  error.place = Error::Place{segment.file, offset};
  return error;
}

/// Whether the two lengths at `offset` agree: cheap, and enough to look closer.
bool lengths_agree(const SegmentBytes& segment, std::uint64_t offset, std::uint32_t length) {
  const std::uint64_t room = segment.bytes.size() - offset;
  return length >= format::frame_header_bytes + format::append_header_bytes +
                       format::frame_trailer_bytes &&
         length % 8 == 0 && length <= room &&
         (segment.bug == PlantedBug::torn_frame_accepted ||
          load<std::uint32_t>(segment.bytes.data() + offset + length - 4) == length);
}

}  // namespace

Error corrupt(const SegmentBytes& segment, std::uint64_t offset, const std::string& what) {
  return at({ErrorCode::corrupt, what}, segment, offset);
}

FrameProbe probe_frame(const SegmentBytes& segment, std::uint64_t offset) {
  if (segment.bytes.size() < offset + format::frame_header_bytes) return {};
  const std::byte* const start = segment.bytes.data() + offset;
  const auto length = load<std::uint32_t>(start);
  if (length == 0) return {};
  if (!lengths_agree(segment, offset, length)) {
    return {FrameProbe::Kind::bad, {}, "the two lengths of a frame differ"};
  }
  const auto crc = load<std::uint32_t>(start + 4);
  const std::uint32_t found = crc32c(segment.frame_seed(offset, length),
                                     {start + 8, length - 8 - format::frame_trailer_bytes});
  const bool unchecked = segment.bug == PlantedBug::frame_checksum_left_out ||
                         segment.bug == PlantedBug::torn_frame_accepted;
  if (unchecked) {
    // A mistake that tests make.
  } else if (found != crc || load<std::uint32_t>(start + length - 8) != crc) {
    return {FrameProbe::Kind::bad, {}, "a frame's checksum is wrong"};
  }
  FrameView frame{
      offset, length, load<std::uint32_t>(start + 16), {load<std::uint64_t>(start + 8)}};
  return {FrameProbe::Kind::frame, frame, {}};
}

std::optional<std::uint64_t> find_frame_beyond(const SegmentBytes& segment, std::uint64_t offset) {
  for (std::uint64_t at = offset + 8; at + format::frame_header_bytes <= segment.bytes.size();
       at += 8) {
    const auto length = load<std::uint32_t>(segment.bytes.data() + at);
    if (length == 0 || !lengths_agree(segment, at, length)) continue;
    if (probe_frame(segment, at).kind == FrameProbe::Kind::frame) return at;
  }
  return std::nullopt;
}

Result<AppendEntry> read_append_header(const SegmentBytes& segment, std::uint64_t offset) {
  if (!segment.holds(offset, format::append_header_bytes)) {
    return corrupt(segment, offset, "an append ends in its header");
  }
  const std::byte* const start = segment.from(offset).data();
  AppendEntry entry;
  entry.count = load<std::uint32_t>(start + 4);
  std::memcpy(entry.id.bytes.data(), start + 8, 16);
  std::memcpy(entry.digest.bytes.data(), start + 24, 16);
  entry.recorded_at = Timestamp(std::chrono::microseconds(load<std::int64_t>(start + 40)));
  entry.first = {load<std::uint64_t>(start + 48)};
  std::memcpy(entry.link.bytes.data(), start + 56, 32);
  entry.address = offset;
  return entry;
}

std::uint32_t append_header_check(const StoreId& store, std::uint64_t segment, std::uint64_t offset,
                                  std::span<const std::byte> append) {
  return crc32c(format::seed(store, segment, offset, format::append_header_bytes),
                append.first(format::append_header_bytes));
}

Result<void> read_append(const SegmentBytes& segment, const FrameView& frame, std::uint64_t& offset,
                         AppendView& view) {
  const std::uint64_t frame_end = frame.offset + frame.bytes - format::frame_trailer_bytes;
  if (offset + format::append_header_bytes > frame_end) {
    return corrupt(segment, offset, "an append does not fit its frame");
  }
  const auto length = load<std::uint32_t>(segment.bytes.data() + offset);
  if (length < format::append_header_bytes || length > frame_end - offset) {
    return corrupt(segment, offset, "an append does not fit its frame");
  }
  auto entry = read_append_header(segment, offset);
  if (!entry) return std::move(entry).error();
  view.entry = *entry;
  view.records.clear();
  view.offsets.clear();
  view.tags.clear();
  if (view.entry.count == 0) return corrupt(segment, offset, "an append without records");
  const std::uint64_t end = offset + length;
  std::uint64_t at_record = offset + format::append_header_bytes;
  for (std::uint32_t i = 0; i < view.entry.count; ++i) {
    const auto rest = segment.bytes.subspan(at_record, end - at_record);
    const std::uint32_t bytes = rest.size() < 4 ? 0 : load<std::uint32_t>(rest.data());
    auto record = read_record(rest, segment.record_seed(at_record, bytes), view.tags);
    if (!record) return at(std::move(record).error(), segment, at_record);
    if (record->back != at_record - offset || record->index != i) {
      return corrupt(segment, at_record, "a record is not where it says it is");
    }
    view.offsets.push_back(at_record);
    at_record += record->bytes;
    view.records.push_back(std::move(*record));
  }
  offset = end;
  return {};
}

}  // namespace annals::internal
