#include "frame_writer.hpp"

#include "log_format.hpp"
#include "record_writer.hpp"

namespace annals::internal {

std::size_t FrameWriter::append_bytes_bound(const PreparedAppend& append) noexcept {
  std::size_t bytes = format::append_header_bytes + 8;
  for (const NewEvent& event : append.request.events) bytes += record_bytes_bound(event);
  return bytes;
}

void FrameWriter::begin(GlobalPosition first_position) {
  buffer_.clear();
  record_offsets_.clear();
  append_count_ = 0;
  buffer_.put(std::uint32_t{0});  // Length and checksum: finish() knows them.
  buffer_.put(std::uint32_t{0});
  buffer_.put(first_position.value);
  buffer_.put(std::uint32_t{0});  // Append count.
  buffer_.put(std::uint32_t{0});  // Flags.
}

void FrameWriter::add(PreparedAppend& append, const AppendEntry& entry,
                      std::uint64_t frame_offset) {
  const std::size_t start = buffer_.size();
  buffer_.put(std::uint32_t{0});  // Length, below.
  buffer_.put(entry.count);
  buffer_.put_bytes(entry.id.bytes.data(), entry.id.bytes.size());
  buffer_.put_bytes(entry.digest.bytes.data(), entry.digest.bytes.size());
  buffer_.put(static_cast<std::int64_t>(entry.recorded_at.time_since_epoch().count()));
  buffer_.put(entry.first.value);
  buffer_.put_bytes(entry.link.bytes.data(), entry.link.bytes.size());
  for (std::size_t i = 0; i < append.keys.size(); ++i) {
    RecordKeys& keys = append.keys[i];
    record_offsets_.push_back(static_cast<std::uint32_t>(buffer_.size()));
    keys.offset = static_cast<std::uint32_t>(frame_offset + buffer_.size());
    write_record(append.request.events[i], keys.version, static_cast<std::uint16_t>(i), start,
                 buffer_);
  }
  buffer_.put_zeros(round_up_to_8(buffer_.size()) - buffer_.size());
  store(buffer_.data() + start, static_cast<std::uint32_t>(buffer_.size() - start));
  ++append_count_;
}

std::span<const std::byte> FrameWriter::finish(const StoreId& store_id, std::uint64_t segment,
                                               std::uint64_t offset) {
  const auto length = static_cast<std::uint32_t>(buffer_.size() + format::frame_trailer_bytes);
  buffer_.put_zeros(format::frame_trailer_bytes);
  std::byte* const frame = buffer_.data();
  for (const std::uint32_t at : record_offsets_) {
    const auto bytes = load<std::uint32_t>(frame + at);
    const std::uint32_t seed = format::seed(store_id, segment, offset + at, bytes);
    store(frame + at + 4, crc32c(seed, {frame + at + 8, bytes - 8}));
  }
  store(frame, length);
  store(frame + 16, append_count_);
  const std::uint32_t crc = crc32c(format::seed(store_id, segment, offset, length),
                                   {frame + 8, length - 8 - format::frame_trailer_bytes});
  store(frame + 4, crc);
  store(frame + length - 8, crc);
  store(frame + length - 4, length);
  return buffer_.bytes();
}

}  // namespace annals::internal
