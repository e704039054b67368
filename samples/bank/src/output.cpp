#include "output.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace bank {

namespace {

std::string cell_text(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* amount = std::get_if<annals::Money>(&cell)) return annals::to_string(*amount);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "yes" : "no";
  return std::to_string(std::get<std::int64_t>(cell));
}

/// What a terminal shows of it: code points, which is good enough for names.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string json_string(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string json_number(std::int64_t number) {
  constexpr std::int64_t exact_in_a_double = std::int64_t{1} << 53;
  const std::string digits = std::to_string(number);
  const bool exact = number <= exact_in_a_double && number >= -exact_in_a_double;
  return exact ? digits : json_string(digits);
}

std::string cell_json(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return json_string(*text);
  if (const auto* amount = std::get_if<annals::Money>(&cell)) {
    return json_number(amount->minor_units());
  }
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  return json_number(std::get<std::int64_t>(cell));
}

}  // namespace

Output output_of_stdout() {
  return isatty(STDOUT_FILENO) != 0 ? Output::table : Output::json_lines;
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string Answer::to_text(Output output) const {
  return output == Output::table ? to_table() : to_json_lines();
}

void Answer::print(Output output) const {
  const std::string text = to_text(output);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string Answer::to_table() const {
  std::vector<std::size_t> widths;
  for (const std::string& column : columns_) widths.push_back(width(column));
  std::vector<bool> right(columns_.size(), false);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(cell_text(row[i])));
      right[i] = std::holds_alternative<annals::Money>(row[i]) ||
                 std::holds_alternative<std::int64_t>(row[i]);
    }
  }

  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string blanks(widths[i] - width(cells[i]), ' ');
      if (i > 0) line += "  ";
      line += right[i] ? blanks + cells[i] : cells[i] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  add_line(columns_);
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    for (const Cell& cell : row) cells.push_back(cell_text(cell));
    add_line(cells);
  }
  return text;
}

std::string Answer::to_json_lines() const {
  std::string text;
  for (const auto& row : rows_) {
    text += '{';
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      text += json_string(columns_[i]) + ':' + cell_json(row[i]);
    }
    text += "}\n";
  }
  return text;
}

}  // namespace bank
