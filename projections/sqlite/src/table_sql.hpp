#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <annals/projections/projection.hpp>

namespace annals::sqlite_rows {

/// The statements that make a table and its indexes, comments included.
std::string create_sql(const TableType& table);

/// The name as SQL has it: in quotes if it is a word of the language.
std::string sql_name(std::string_view name);

/// "account, owner, balance": the columns that are stored.
std::string column_list(const TableType& table);

/// Selects the row whose key columns are ?1, ?2, …
std::string select_by_key_sql(const TableType& table);

/// Inserts a row, parameters in the order of the columns, or replaces the one with its key.
std::string write_sql(const TableType& table);

std::string erase_sql(const TableType& table);

}  // namespace annals::sqlite_rows
