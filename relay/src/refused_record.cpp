#include "refused_record.hpp"

namespace annals::internal {

namespace {

constexpr std::size_t quoted_max = 64;

}  // namespace

Error refused_record(std::string_view why) {
  return {ErrorCode::corrupt, "a record is no relay's: " + std::string(why)};
}

Error refused_header(std::string_view name, const std::optional<std::string_view>& value) {
  const std::string header = "header " + quoted(name);
  if (!value) return refused_record(header + " is missing");
  return refused_record(header + " cannot be read: '" + quoted(*value) + "'");
}

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string plain;
  for (const char letter : text.substr(0, quoted_max)) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte < 0x7F) {
      plain += letter;
    } else {
      plain.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 0xF]);
    }
  }
  if (text.size() > quoted_max) plain += "... (" + std::to_string(text.size()) + " bytes)";
  return plain;
}

}  // namespace annals::internal
