/// @file
/// A value on its way between a struct's field and a database.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <annals/codec/storable.hpp>
#include <annals/codec/value_type.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// What every SQL database can hold: NULL, a 64-bit integer, a double, UTF-8 text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

/// The kind of cell that values of a type become.
enum class CellKind : std::uint8_t { integer, real, text };

struct ColumnType {
  CellKind kind = CellKind::text;
  bool nullable = false;  ///< A std::optional.
  bool money = false;     ///< Text such as "123.45 EUR".
};

ColumnType column_type(const ValueType& type);

/// Puts a field into `cell`: integers and bool as integers, double as real, an empty optional as
/// NULL, strings, Money ("123.45 EUR"), times ("2024-02-29T12:34:56.000001Z"), dates, ids, enums
/// (by name) and StoredText as text, everything else as JSON text.
///
/// Errors: invalid_argument (an unsigned number beyond 2^63 - 1, and what cannot be written as JSON
/// either: bad UTF-8, a double that is not finite, an enum value without a name).
Result<void> write_cell(const ValueType& type, const void* value, Cell& cell);

/// The reverse. Errors: invalid_argument (the cell does not hold such a value), with `label` in it.
Result<void> read_cell(const Cell& cell, const ValueType& type, void* value,
                       std::string_view label);

/// A program's value as an argument of SQL.
template <Storable T>
Result<Cell> to_cell(const T& value) {
  Cell cell;
  if (auto written = write_cell(ValueTypeOf<T>::value, &value, cell); !written) {
    return std::move(written).error();
  }
  return cell;
}
inline Result<Cell> to_cell(const char* text) { return Cell(std::string(text)); }
inline Result<Cell> to_cell(std::string_view text) { return Cell(std::string(text)); }

}  // namespace annals
