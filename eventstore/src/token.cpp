#include <charconv>

#include <annals/eventstore/token.hpp>

namespace annals {

namespace {

// Decimal digits only, no sign, no leading zero: one text for one token.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string to_string(const Token& token) {
  return to_string(token.store) + '.' + std::to_string(token.era.value) + '.' +
         to_string(token.position);
}

std::optional<Token> parse_token(std::string_view text) {
  const std::size_t first = text.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto store = detail::parse_id(text.substr(0, first));
  const auto era = parse_number<std::uint32_t>(text.substr(first + 1, second - first - 1));
  const auto position = parse_number<std::uint64_t>(text.substr(second + 1));
  if (!store || !era || !position) return std::nullopt;
  return Token{StoreId{*store}, Era{*era}, GlobalPosition{*position}};
}

}  // namespace annals
