#include "text_rules.hpp"

#include <cstddef>
#include <cstdint>

namespace annals::internal {

bool is_plain_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      if (lead < 0x20 || lead == 0x7F) return false;
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i < length) return false;
    std::uint32_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3FU);
    }
    // Control characters, longer forms of shorter codes, surrogates, beyond Unicode.
    if (code < 0xA0 || (length == 3 && code < 0x800) || (length == 4 && code < 0x10000) ||
        (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) {
      return false;
    }
    i += length;
  }
  return true;
}

bool looks_like_object(std::string_view bytes) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = bytes.find_first_not_of(blanks);
  const std::size_t last = bytes.find_last_not_of(blanks);
  return first < last && bytes[first] == '{' && bytes[last] == '}';
}

}  // namespace annals::internal
