#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace annals::internal {

/// The text's first word, which it loses, with the space behind it; empty if it has none.
inline std::string_view next_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

/// The number that is all of the text, in decimal digits; nothing if it is something else, or does
/// not fit.
template <typename T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The same into a variable, which is left alone if there is none. Returns whether there is.
template <typename T>
bool read_number(std::string_view text, T& into) {
  const auto number = number_in<T>(text);
  if (number) into = *number;
  return number.has_value();
}

}  // namespace annals::internal
