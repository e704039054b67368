#include "option_text.hpp"

#include <charconv>
#include <system_error>

#include <CLI/CLI.hpp>

namespace annals::cli {

void refuse(const std::string& option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

std::uint64_t number(const std::string& option, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    refuse(option, "expects a whole number, not '" + std::string(text) + "'");
  }
  return value;
}

std::chrono::milliseconds seconds(const std::string& option, const std::string& text) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr double longest = 1e9;
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0) ||
      value > longest) {
    refuse(option, "expects seconds such as 5 or 0.5, not '" + text + "'");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(value * 1000));
}

ExpectedLink expected_link(const std::string& option, const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto link = colon == std::string::npos
                        ? std::nullopt
                        : parse_digest(std::string_view(text).substr(colon + 1));
  if (!link) {
    refuse(option,
           "expects POSITION:LINK as verify prints it (64 hexadecimal digits), not '" + text + "'");
  }
  return {.position = {number(option, std::string_view(text).substr(0, colon))}, .link = *link};
}

}  // namespace annals::cli
