#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <annals/eventstore/id.hpp>

#include "bytes.hpp"
#include "crc32c.hpp"

/// Constants of the index files, which docs/reference/index_format.md describes in full.
namespace annals::internal::index_format {

// Header: magic, u32 format, u32 header bytes, store, u64 segment, u64 first position, u64 last
// position, u64 end of the segment's frames, u64 streams begun, u32 appends, u32 keys, least and
// greatest append id, then at 128 {u64 offset, u64 bytes, u32 crc, u32 zero} for each section, at
// 384 the link of the last append, zeros, and at its end the checksum of all before it. A section's
// checksum is seeded with store and segment.
inline constexpr std::array<char, 8> magic{'A', 'N', 'N', 'A', 'L', 'I', 'D', 'X'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t header_bytes = 512;
inline constexpr std::size_t sections_at = 128;
inline constexpr std::size_t section_entry_bytes = 24;
inline constexpr std::size_t link_at = 384;
inline constexpr std::size_t append_bytes = 24;

// The filter: blocks of 512 bits; a key sets one bit in each of a block's eight words. (F. Putze,
// P. Sanders, J. Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007.)
inline constexpr std::size_t filter_block_bytes = 64;
inline constexpr std::uint64_t filter_bits_per_key = 12;

// Where of `count` places evenly spread hashes put this one. REQUIRES: count < 2^32
inline std::uint64_t place_of(std::uint64_t hash, std::uint64_t count) {
  return ((hash >> 32U) * count) >> 32U;
}
inline unsigned filter_bit(std::uint64_t hash, unsigned word) {
  constexpr std::array<std::uint64_t, 8> odd{
      0x9E3779B97F4A7C15U, 0xC2B2AE3D27D4EB4FU, 0x165667B19E3779F9U, 0xD6E8FEB86659FD93U,
      0xA0761D6478BD642FU, 0xE7037ED1A0B428DBU, 0x8EBC6AF09C88C6E3U, 0x589965CC75374CC3U};
  return static_cast<unsigned>((hash * odd[word]) >> 58U);
}

inline std::uint32_t seed_of(const StoreId& store, std::uint64_t segment) {
  std::array<std::byte, 24> bytes;
  std::memcpy(bytes.data(), store.bytes.data(), 16);
  internal::store(bytes.data() + 16, segment);
  return crc32c(0x1DE8, bytes);
}

/// In the order in which they lie in the file.
enum Section : std::uint8_t {
  offsets,
  appends,
  id_hashes,
  id_ordinals,
  not_event_list,
  filter,
  key_hashes,
  key_offsets,
  keys,
  section_count
};

}  // namespace annals::internal::index_format
