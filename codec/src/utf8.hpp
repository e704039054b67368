/// @file
/// UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace annals::detail {

/// Bytes of the well-formed sequence at `p` (Unicode 15, table 3-7); 0 if there is none before
/// `end`. REQUIRES: p < end.
inline std::size_t utf8_length(const char* p, const char* end) noexcept {
  const auto byte = [p](int i) { return static_cast<unsigned char>(p[i]); };
  const auto follows = [byte](int i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const std::ptrdiff_t left = end - p;
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (left < 3 || !follows(2)) return 0;
    if (lead == 0xE0) return follows(1, 0xA0) ? 3 : 0;
    if (lead == 0xED) return follows(1, 0x80, 0x9F) ? 3 : 0;
    return follows(1) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (left < 4 || !follows(2) || !follows(3)) return 0;
    if (lead == 0xF0) return follows(1, 0x90) ? 4 : 0;
    if (lead == 0xF4) return follows(1, 0x80, 0x8F) ? 4 : 0;
    return follows(1) ? 4 : 0;
  }
  return 0;
}

/// Appends code point `code`. REQUIRES: at most 0x10FFFF and no surrogate.
inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Skips what stands in a JSON string as it is: returns the first quote, backslash, control
/// character or byte beyond ASCII, or `end`.
inline const char* skip_plain(const char* p, const char* end) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = 0x8080808080808080U;
  while (end - p >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t slash = word ^ (ones * '\\');
    // A high bit for each byte that is < 0x20, '"', '\\' or >= 0x80; borrows can only add marks
    // above a true one, so "none" is exact, and the loop below finds the place.
    const std::uint64_t marks =
        ((word - ones * 0x20) | (quote - ones) | (slash - ones) | word) & highs;
    if (marks != 0) break;
    p += 8;
  }
  while (p < end) {
    const auto c = static_cast<unsigned char>(*p);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
    ++p;
  }
  return p;
}

}  // namespace annals::detail
