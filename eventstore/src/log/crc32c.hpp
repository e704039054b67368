#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace annals::internal {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, going on from `crc`, the value of what
/// came before (0 at the start). Uses the processor's instruction where there is one.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;

/// The same without the instruction; tests compare the two.
std::uint32_t crc32c_by_table(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;

}  // namespace annals::internal
