#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/id.hpp>

#include "bytes.hpp"
#include "prepared_append.hpp"

namespace annals::internal {

/// Builds one frame: a group of appends that is written and synced at once.
class FrameWriter {
 public:
  /// The most bytes an append can add to a frame.
  static std::size_t append_bytes_bound(const PreparedAppend& append) noexcept;

  /// Begins a frame whose first record takes `first_position`.
  void begin(GlobalPosition first_position);

  /// Adds an append: its header, and its records with the versions that its keys have. Tells the
  /// keys where each record lies in the segment, if the frame does at `frame_offset`.
  void add(PreparedAppend& append, const AppendEntry& entry, std::uint64_t frame_offset);

  bool empty() const noexcept { return append_count_ == 0; }
  std::size_t bytes_so_far() const noexcept { return buffer_.size(); }

  /// Ends the frame for its place in the log: checksums depend on it. The bytes are valid until
  /// begin().
  std::span<const std::byte> finish(const StoreId& store, std::uint64_t segment,
                                    std::uint64_t offset);

 private:
  ByteBuffer buffer_;
  std::vector<std::uint32_t> record_offsets_;
  std::uint32_t append_count_ = 0;
};

}  // namespace annals::internal
