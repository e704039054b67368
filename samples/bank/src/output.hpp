/// @file
/// Answers for people and for programs: a table on a terminal, JSON lines in a pipe.

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <annals/codec/money.hpp>

namespace bank {

enum class Output : std::uint8_t { table, json_lines };

/// What standard output is: a terminal or not.
Output output_of_stdout();

/// Money is "-1234.50 EUR" in a table and -123450, its smallest units, in JSON.
using Cell = std::variant<std::string, annals::Money, std::int64_t, bool>;

/// Rows under names. The names are the keys in JSON.
class Answer {
 public:
  explicit Answer(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: as many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::size_t size() const { return rows_.size(); }

  /// Texts stand left, numbers right; in JSON one object a row, numbers beyond 2^53 as strings.
  std::string to_text(Output output) const;
  /// To standard output.
  void print(Output output) const;

 private:
  std::string to_table() const;
  std::string to_json_lines() const;

  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// "12,345".
std::string with_thousands(std::uint64_t number);

}  // namespace bank
