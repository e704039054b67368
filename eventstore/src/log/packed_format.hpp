#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <annals/eventstore/id.hpp>

#include "crc32c.hpp"
#include "log_format.hpp"

/// Constants of packed segments. docs/reference/log_format.md is the grammar.
///
///   file = header dictionary block+ table
namespace annals::internal::packed_format {

inline constexpr std::array<char, 8> magic{'A', 'N', 'N', 'A', 'L', 'P', 'A', 'K'};
inline constexpr std::uint32_t version = 1;

// Header: magic, u32 format, u32 header bytes, store, u64 segment, u64 first position, u64 last
// position, u64 end, u64 offset of the table, u32 blocks, u32 dictionary bytes, u32 dictionary crc,
// u32 table crc, u32 level, u32 block bytes aimed at, link, zeros, u32 crc of all before it.
inline constexpr std::size_t header_bytes = 192;
inline constexpr std::size_t crc_at = header_bytes - 4;

// One of the table: u64 offset in the segment, u64 offset in the file, u32 bytes, u32 crc.
inline constexpr std::size_t entry_bytes = 24;

/// Offsets in a segment are kept in 32 bits elsewhere, so none is larger.
inline constexpr std::uint64_t segment_bytes_max = 0xFFFFFFFFU;

/// What the checksums of dictionary, table and blocks start from: their place.
inline std::uint32_t seed(const StoreId& store, std::uint64_t segment, std::uint64_t offset,
                          std::uint64_t bytes) noexcept {
  return ~format::seed(store, segment, offset, static_cast<std::uint32_t>(bytes));
}

}  // namespace annals::internal::packed_format
