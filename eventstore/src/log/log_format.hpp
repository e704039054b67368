#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <annals/eventstore/id.hpp>

#include "bytes.hpp"
#include "crc32c.hpp"

/// Constants of the stored format. docs/reference/log_format.md is the grammar in full; golden
/// files under tests/golden keep both honest. Everything is little-endian.
///
///   segment = segment_header frame* zero*
///   frame   = frame_header append+ padding frame_trailer     one group: written and synced at once
///   append  = append_header record* padding
///   record  = record_header field*
///   field   = tag length value
namespace annals::internal::format {

inline constexpr std::uint32_t version = 1;

// Bits of `compatible` in the MANIFEST.
/// Appends are being answered before they are durable (survives_process_only): after a power loss
/// any of the active segment may be missing, whatever the mark says.
inline constexpr std::uint64_t answered_unsynced = 1;

// Bits of `incompatible` in the MANIFEST.
/// Sealed segments may be packed: docs/reference/log_format.md.
inline constexpr std::uint64_t packed_segments = 1;
inline constexpr std::uint64_t incompatible_known = packed_segments;

// Segment header.
inline constexpr std::array<char, 8> segment_magic{'A', 'N', 'N', 'A', 'L', 'S', 'E', 'G'};
inline constexpr std::size_t segment_header_bytes = 128;

// Frame: u32 frame bytes, u32 crc, u64 first position, u32 append count, u32 flags.
inline constexpr std::size_t frame_header_bytes = 24;
inline constexpr std::size_t frame_trailer_bytes = 8;  // u32 the crc again, u32 frame bytes again.

// Append: u32 append bytes, u32 record count, id, request digest, i64 recorded_at in microseconds,
// u64 first position, link.
inline constexpr std::size_t append_header_bytes = 88;

// Record: u32 record bytes, u32 crc, u32 bytes back to the append header, u8 kind, u8 flags, u16
// index in the append.
inline constexpr std::size_t record_header_bytes = 16;

/// A field's length is one byte up to 253; 254 is followed by a u16, 255 by a u32.
inline constexpr std::size_t field_header_bytes_max = 6;

// NOTE: the values below are part of the stored format and never change.

enum class Kind : std::uint8_t {
  event = 1,
  stream_closed = 2,            // Reserved.
  stream_reopened = 3,          // Reserved.
  stream_truncated_before = 4,  // Reserved.
};

/// A kind or field with this bit cannot be skipped by a reader that does not know it.
inline constexpr std::uint8_t must_understand = 0x80;
/// In a record's flags: the kind must be understood.
inline constexpr std::uint8_t record_must_understand = 0x01;

enum class Field : std::uint8_t {
  stream = 1,
  version = 2,  // Integers: little-endian, zero bytes at the end left out.
  type = 3,
  schema_version = 4,  // Absent: 1.
  content_type = 5,    // Absent: json.
  id = 6,              // Absent: derived.
  data = 7,
  metadata = 8,
  tag = 9,  // Once per tag, sorted.
  known_at = 10,
  effective_at = 11,
  correlation_id = 12,
  causation_id = 13,
  actor = 14,
  traceparent = 15,
  key_id = 16 | must_understand,  // Reserved: data is encrypted.
  nonce = 17 | must_understand,   // Reserved.
  origin_store = 18,              // Where an imported event was recorded first.
  origin_position = 19,
  origin_vector = 20,  // Reserved.
};

/// What a checksum of stored bytes starts from, so that bytes of another store, segment or place
/// never pass for these: old bytes cannot come back to life.
inline std::uint32_t seed(const StoreId& store, std::uint64_t segment, std::uint64_t offset,
                          std::uint32_t length) noexcept {
  std::array<std::byte, 36> bytes;
  std::memcpy(bytes.data(), store.bytes.data(), 16);
  internal::store(bytes.data() + 16, segment);
  internal::store(bytes.data() + 24, offset);
  internal::store(bytes.data() + 32, length);
  return crc32c(0, bytes);
}

/// "segment-00000001.log"
std::string segment_name(std::uint64_t number);

inline constexpr const char* manifest_name = "MANIFEST";
inline constexpr const char* mark_name = "mark";
inline constexpr const char* lock_name = "LOCK";
inline constexpr const char* heads_name = "heads";
inline constexpr const char* snapshots_name = "snapshots";
/// Of a file that is being written, and takes its name when it is whole.
inline constexpr const char* fresh_suffix = ".new";
/// Of a segment that is not this store's: it came into the folder with a copy.
inline constexpr const char* set_aside_suffix = ".beyond";

}  // namespace annals::internal::format
