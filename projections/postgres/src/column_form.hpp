#pragma once

#include <cstdint>
#include <string_view>

#include <annals/codec/value_type.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/postgres/parameters.hpp>
#include <annals/postgres/rows.hpp>
#include <annals/projections/cell.hpp>

namespace annals::internal {

/// The type of a column.
enum class ColumnForm : std::uint8_t { boolean, bigint, real, text, uuid, timestamp, date, jsonb };

/// The type that holds all values of a field and nothing else. `sorted`: the column is of the key
/// or of an index, which jsonb is too long-winded for.
ColumnForm column_form(const ValueType& type, bool sorted);

/// As a column is declared: "text COLLATE \"C\"".
std::string_view declared_type(ColumnForm form);
/// Of the elements of an array of such values: jsonb goes as text.
std::string_view element_type(ColumnForm form);
postgres::ArrayParameter::Type array_type(ColumnForm form);

/// Appends a field's value. Errors: invalid_argument (what write_cell refuses, and a text with a
/// NUL character, which PostgreSQL has no place for).
Result<void> add_value(const ValueType& type, const void* value, ColumnForm form,
                       postgres::ArrayParameter& values);

/// A value that was selected, by its column's type: whole numbers and truth values as integers,
/// real numbers as such, times as "2024-02-29T12:34:56.000001Z", anything else as its text. A
/// numeric is an integer if it has no fraction and fits, else real.
Cell read_value(const postgres::Rows& rows, std::size_t row, std::size_t column);

}  // namespace annals::internal
