#include "table_sql.hpp"

#include <algorithm>

#include <annals/projections/cell.hpp>

#include <sqlite3.h>

namespace annals::sqlite_rows {

namespace {

std::string_view sql_type(CellKind kind) {
  switch (kind) {
    case CellKind::integer: return "INTEGER";
    case CellKind::real: return "REAL";
    case CellKind::text: break;
  }
  return "TEXT";
}

bool is_key(const TableType& table, std::size_t column) { return column < table.key_columns; }

std::string comment_of(const TableType& table, std::string_view column) {
  for (std::size_t i = 0; i < table.comment_count; ++i) {
    if (table.comments[i].column == column) return std::string(table.comments[i].text);
  }
  return {};
}

// A comment ends with its line.
std::string comment_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "-- " + text;
}

std::string key_list(const TableType& table) {
  std::string list;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    list.append(i == 0 ? "" : ", ").append(sql_name(table.columns->fields[i].name));
  }
  return list;
}

std::string where_key(const TableType& table) {
  std::string where;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    where.append(i == 0 ? " WHERE " : " AND ").append(sql_name(table.columns->fields[i].name));
    where.append(" = ?").append(std::to_string(i + 1));
  }
  return where;
}

// Amounts sort and add up by their minor units.
std::string indexed_column(const TableType& table, std::string_view name) {
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    if (field.name == name && column_type(field.type).money) return std::string(name) + "_minor";
  }
  return sql_name(name);
}

std::string create_index_sql(const TableType& table, std::string_view columns) {
  std::string name = std::string(table.name) + "_by";
  std::string list;
  while (!columns.empty()) {
    const std::size_t comma = std::min(columns.find(','), columns.size());
    std::string_view column = columns.substr(0, comma);
    columns.remove_prefix(std::min(comma + 1, columns.size()));
    while (column.starts_with(' ')) column.remove_prefix(1);
    while (column.ends_with(' ')) column.remove_suffix(1);
    name.append("_").append(column);
    list.append(list.empty() ? "" : ", ").append(indexed_column(table, column));
  }
  return "CREATE INDEX " + name + " ON " + sql_name(table.name) + " (" + list + ");\n";
}

}  // namespace

std::string sql_name(std::string_view name) {
  if (sqlite3_keyword_check(name.data(), static_cast<int>(name.size())) == 0) {
    return std::string(name);
  }
  return '"' + std::string(name) + '"';
}

std::string create_sql(const TableType& table) {
  std::string sql = "CREATE TABLE " + sql_name(table.name) + " (";
  if (!table.comment.empty()) sql += "  " + comment_line(std::string(table.comment));
  sql += "\n";
  const auto add_line = [&sql](const std::string& line, const std::string& comment) {
    sql += "  " + line + ",";
    if (!comment.empty()) sql += "  " + comment_line(comment);
    sql += "\n";
  };
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    const std::string name(field.name);
    const ColumnType type = column_type(field.type);
    add_line(sql_name(name) + " " + std::string(sql_type(type.kind)) +
                 (type.nullable ? "" : " NOT NULL"),
             comment_of(table, field.name));
    if (!type.money) continue;
    // "-123.45 EUR" is -12345: the text always has all digits of its currency.
    add_line(name + "_minor INTEGER GENERATED ALWAYS AS (CAST(replace(substr(" + sql_name(name) +
                 ", 1, length(" + sql_name(name) + ") - 4), '.', '') AS INTEGER)) VIRTUAL",
             "in minor units, to sort and to add up");
  }
  sql += "  PRIMARY KEY (" + key_list(table) + ")\n) WITHOUT ROWID;\n";
  for (std::size_t i = 0; i < table.index_count; ++i) {
    sql += create_index_sql(table, table.indexes[i]);
  }
  return sql;
}

std::string column_list(const TableType& table) {
  std::string list;
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    list.append(i == 0 ? "" : ", ").append(sql_name(table.columns->fields[i].name));
  }
  return list;
}

std::string select_by_key_sql(const TableType& table) {
  return "SELECT " + column_list(table) + " FROM " + sql_name(table.name) + where_key(table);
}

std::string write_sql(const TableType& table) {
  std::string values;
  std::string updates;
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    values.append(i == 0 ? "?" : ", ?").append(std::to_string(i + 1));
    if (is_key(table, i)) continue;
    const std::string name = sql_name(table.columns->fields[i].name);
    updates.append(updates.empty() ? "" : ", ").append(name + " = excluded." + name);
  }
  return "INSERT INTO " + sql_name(table.name) + " (" + column_list(table) + ") VALUES (" + values +
         ") ON CONFLICT (" + key_list(table) + ") DO " +
         (updates.empty() ? "NOTHING" : "UPDATE SET " + updates);
}

std::string erase_sql(const TableType& table) {
  return "DELETE FROM " + sql_name(table.name) + where_key(table);
}

}  // namespace annals::sqlite_rows
