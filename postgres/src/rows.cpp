#include <charconv>

#include <annals/postgres/rows.hpp>

namespace annals::postgres {

namespace {

// 0 to 15, or something larger.
unsigned hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A' + 10);
  return 255;
}

}  // namespace

bool Rows::is_null(std::size_t row, std::size_t column) const noexcept {
  return cell(row, column).text == nullptr;
}

std::string_view Rows::text(std::size_t row, std::size_t column) const noexcept {
  const Cell& here = cell(row, column);
  return here.text == nullptr ? std::string_view() : std::string_view(here.text, here.size);
}

std::int64_t Rows::integer(std::size_t row, std::size_t column) const noexcept {
  const std::string_view digits = text(row, column);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::optional<std::int64_t> Rows::integer_or_null(std::size_t row,
                                                  std::size_t column) const noexcept {
  if (is_null(row, column)) return std::nullopt;
  return integer(row, column);
}

double Rows::real(std::size_t row, std::size_t column) const noexcept {
  const std::string_view digits = text(row, column);
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool Rows::boolean(std::size_t row, std::size_t column) const noexcept {
  return text(row, column) == "t";
}

std::string Rows::bytes(std::size_t row, std::size_t column) const {
  std::string into;
  append_bytes(row, column, into);
  return into;
}

std::size_t Rows::append_bytes(std::size_t row, std::size_t column, std::string& into) const {
  const std::string_view hex = text(row, column);
  if (!hex.starts_with("\\x")) return 0;
  const std::size_t count = (hex.size() - 2) / 2;
  const std::size_t begin = into.size();
  into.resize(begin + count);
  for (std::size_t i = 0; i < count; ++i) {
    into[begin + i] =
        static_cast<char>((hex_value(hex[2 + 2 * i]) << 4U) | (hex_value(hex[3 + 2 * i]) & 15U));
  }
  return count;
}

std::array<std::uint8_t, 16> Rows::uuid(std::size_t row, std::size_t column) const noexcept {
  std::array<std::uint8_t, 16> value{};
  std::size_t digits = 0;
  for (const char digit : text(row, column)) {
    const unsigned bits = hex_value(digit);
    if (bits > 15 || digits == 32) continue;
    value[digits / 2] = static_cast<std::uint8_t>(value[digits / 2] << 4U | bits);
    ++digits;
  }
  return value;
}

std::vector<std::int64_t> Rows::integers(std::size_t row, std::size_t column) const {
  std::vector<std::int64_t> values;
  std::string_view list = text(row, column);  // {1,2,NULL}
  if (list.size() < 3 || list.front() != '{') return values;
  list = list.substr(1, list.size() - 2);
  while (true) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::int64_t value = 0;
    std::from_chars(list.data(), list.data() + end, value);
    values.push_back(value);
    if (end == list.size()) return values;
    list.remove_prefix(end + 1);
  }
}

}  // namespace annals::postgres
