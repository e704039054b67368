#include <cstddef>

#include <annals/codec/utf8_text.hpp>

#include "utf8.hpp"

namespace annals::internal {

std::string with_whole_characters(std::string_view text) {
  std::string whole;
  whole.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = detail::utf8_length(text.data(), text.data() + text.size());
    if (bytes == 0) {
      whole += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      whole += text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
  }
  return whole;
}

}  // namespace annals::internal
