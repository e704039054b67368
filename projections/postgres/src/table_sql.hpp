#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <annals/projections/projection.hpp>

#include "column_form.hpp"

namespace annals::internal {

/// A table's name with its schema's, both quoted.
std::string table_in(std::string_view schema, std::string_view table);

/// The types of its columns, in their order.
std::vector<ColumnForm> column_forms(const TableType& table);

/// The statements that make a table, its indexes and comments.
std::string create_sql(std::string_view schema, const TableType& table);

/// "account", "owner", "balance": the columns that are stored.
std::string column_list(const TableType& table);

/// Selects the rows of keys that are given as one array for each key column: first the number of
/// the key among them, from 1 on, then the row's columns.
std::string select_by_keys_sql(std::string_view schema, const TableType& table);

/// Inserts rows, given as one array for each column, or replaces those with their keys.
std::string write_sql(std::string_view schema, const TableType& table);

/// Deletes the rows of keys, given as arrays.
std::string erase_sql(std::string_view schema, const TableType& table);

}  // namespace annals::internal
