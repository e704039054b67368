/// @file
/// Rows in columns, for people.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output.hpp"

namespace annals::cli {

/// `text` fit for a terminal: control characters, text-direction characters and bytes that are not
/// UTF-8 are written as \xNN, so that stored bytes cannot play tricks with the screen.
std::string printable(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);

/// Prints rows as they come, in runs: the columns are as wide as the widest cell so far.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  /// On a terminal the last column is cut where the screen ends.
  Table(Output& output, std::vector<Column> columns);

  /// One cell per column, made printable here.
  void row(const std::vector<std::string>& cells);
  /// Prints what has come; the title line first, once.
  void flush();

 private:
  using Row = std::vector<std::string>;
  void print(const Row& row);

  Output& output_;
  std::vector<Column> columns_;
  std::optional<std::size_t> screen_;
  std::vector<std::size_t> widths_;
  std::vector<Row> waiting_;
  bool titled_ = false;
};

/// Prints one thing's properties, one a line: "name   value".
class Properties {
 public:
  void add(std::string_view name, std::string_view value);
  void print(Output& output) const;

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace annals::cli
