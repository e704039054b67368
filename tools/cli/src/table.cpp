#include "table.hpp"

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace annals::cli {

namespace {

constexpr std::size_t rows_gathered_max = 500;
constexpr std::string_view gap = "  ";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// Characters, each taken to be one column wide.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string cut(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t seen = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    if (!continues(text[end]) && ++seen == columns) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

/// Characters that move the cursor or turn the direction of writing, after ASCII: U+0080–U+009F,
/// U+200E–U+200F, U+2028–U+202E, U+2066–U+2069.
bool plays_tricks(std::string_view character) {
  if (character.size() == 2) {
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  }
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  return (second == 0x80 &&
          ((third >= 0x8E && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE))) ||
         (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += {hex[byte >> 4], hex[byte & 15]};
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    length = std::min(length, text.size());
    if (!is_utf8(text.substr(0, length))) length = 1;
    const std::string_view character = text.substr(0, length);
    const bool whole = is_utf8(character);
    if (!whole || first < 0x20 || first == 0x7F || plays_tricks(character)) {
      append_escaped(out, character);
    } else {
      out += character;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

Table::Table(Output& output, std::vector<Column> columns)
    : output_(output), columns_(std::move(columns)), screen_(output.width()) {
  for (const Column& column : columns_) widths_.push_back(columns_of(column.title));
}

void Table::row(const std::vector<std::string>& cells) {
  Row printed;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    printed.push_back(printable(cells[i]));
    widths_[i] = std::max(widths_[i], columns_of(printed.back()));
  }
  waiting_.push_back(std::move(printed));
  if (waiting_.size() >= rows_gathered_max) flush();
}

void Table::flush() {
  if (!titled_) {
    Row titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    print(titles);
    titled_ = true;
  }
  for (const Row& row : waiting_) print(row);
  waiting_.clear();
  output_.flush();
}

void Table::print(const Row& row) {
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += gap;
    const bool last = i + 1 == row.size();
    std::string cell = row[i];
    if (last && screen_) {
      constexpr std::size_t least = 8;
      cell = cut(cell, *screen_ > used + least ? *screen_ - used : least);
    }
    const std::size_t wide = columns_of(cell);
    const std::string fill(widths_[i] > wide ? widths_[i] - wide : 0, ' ');
    if (columns_[i].align == Align::right) {
      line += fill + cell;
    } else {
      line += cell;
      if (!last) line += fill;
    }
    used += widths_[i] + gap.size();
  }
  output_.line(line);
}

void Properties::add(std::string_view name, std::string_view value) {
  rows_.emplace_back(name, printable(value));
}

void Properties::print(Output& output) const {
  std::size_t widest = 0;
  for (const auto& [name, value] : rows_) widest = std::max(widest, columns_of(name));
  for (const auto& [name, value] : rows_) {
    output.line(name + std::string(widest - columns_of(name), ' ') + std::string(gap) + value);
  }
}

}  // namespace annals::cli
