#include "table_sql.hpp"

#include <algorithm>

#include <annals/postgres/connection.hpp>

namespace annals::internal {

namespace {

using postgres::quoted_name;

bool is_key(const TableType& table, std::size_t column) { return column < table.key_columns; }

// The columns that an index lists, in its order.
std::vector<std::string> columns_of(std::string_view index) {
  std::vector<std::string> columns;
  while (!index.empty()) {
    const std::size_t comma = std::min(index.find(','), index.size());
    std::string_view column = index.substr(0, comma);
    index.remove_prefix(std::min(comma + 1, index.size()));
    while (column.starts_with(' ')) column.remove_prefix(1);
    while (column.ends_with(' ')) column.remove_suffix(1);
    columns.emplace_back(column);
  }
  return columns;
}

bool is_sorted_by(const TableType& table, std::size_t column) {
  if (is_key(table, column)) return true;
  for (std::size_t i = 0; i < table.index_count; ++i) {
    const auto columns = columns_of(table.indexes[i]);
    if (std::find(columns.begin(), columns.end(), table.columns->fields[column].name) !=
        columns.end()) {
      return true;
    }
  }
  return false;
}

std::string key_list(const TableType& table) {
  std::string list;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    list.append(i == 0 ? "" : ", ").append(quoted_name(table.columns->fields[i].name));
  }
  return list;
}

// Amounts sort and add up by their minor units.
std::string indexed_column(const TableType& table, std::string_view name) {
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    if (field.name == name && column_type(field.type).money) {
      return quoted_name(std::string(name) + "_minor");
    }
  }
  return quoted_name(name);
}

std::string create_index_sql(const std::string& table_name, const TableType& table,
                             std::string_view index) {
  // Without a name PostgreSQL finds one that is free and short enough.
  std::string list;
  for (const std::string& column : columns_of(index)) {
    list.append(list.empty() ? "" : ", ").append(indexed_column(table, column));
  }
  return "CREATE INDEX ON " + table_name + " (" + list + ");\n";
}

std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

// "unnest($1::bigint[], $2::text[])" of the first columns.
std::string unnested(const std::vector<ColumnForm>& forms, std::size_t columns) {
  std::string list;
  for (std::size_t i = 0; i < columns; ++i) {
    list.append(i == 0 ? "" : ", ").append("$").append(std::to_string(i + 1));
    list.append("::").append(element_type(forms[i])).append("[]");
  }
  return "unnest(" + list + ")";
}

// "c1, c2": what the arrays' columns are called.
std::string numbered(std::size_t columns) {
  std::string list;
  for (std::size_t i = 0; i < columns; ++i) {
    list.append(i == 0 ? "c" : ", c").append(std::to_string(i + 1));
  }
  return list;
}

// Rows that lie near each other in the index, one after the other: faster than in the order in
// which events have named them.
std::string by_key(const TableType& table, const std::vector<ColumnForm>& forms) {
  std::string list = " ORDER BY ";
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    list.append(i == 0 ? "c" : ", c").append(std::to_string(i + 1));
    if (forms[i] == ColumnForm::text) list += " COLLATE \"C\"";
  }
  return list;
}

std::string same_key(const TableType& table) {
  std::string condition;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    condition.append(i == 0 ? "" : " AND ").append("t.");
    condition.append(quoted_name(table.columns->fields[i].name));
    condition.append(" = k.c").append(std::to_string(i + 1));
  }
  return condition;
}

}  // namespace

std::string table_in(std::string_view schema, std::string_view table) {
  return quoted_name(schema) + '.' + quoted_name(table);
}

std::vector<ColumnForm> column_forms(const TableType& table) {
  std::vector<ColumnForm> forms;
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    forms.push_back(column_form(table.columns->fields[i].type, is_sorted_by(table, i)));
  }
  return forms;
}

std::string create_sql(std::string_view schema, const TableType& table) {
  const std::string name = table_in(schema, table.name);
  const auto forms = column_forms(table);
  std::string sql = "CREATE TABLE " + name + " (\n";
  std::string comments;
  if (!table.comment.empty()) {
    comments += "COMMENT ON TABLE " + name + " IS " + literal(table.comment) + ";\n";
  }
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    const ColumnType type = column_type(field.type);
    const std::string column = quoted_name(field.name);
    sql += "  " + column + " " + std::string(declared_type(forms[i])) +
           (type.nullable ? "" : " NOT NULL") + ",\n";
    if (!type.money) continue;
    // "-123.45 EUR" is -12345: the text always has all digits of its currency. No amount is "0".
    const std::string minor = quoted_name(std::string(field.name) + "_minor");
    sql += "  " + minor + " bigint GENERATED ALWAYS AS (CASE WHEN " + column +
           " = '0' THEN 0 ELSE replace(left(" + column + ", -4), '.', '')::bigint END) STORED,\n";
    comments += "COMMENT ON COLUMN " + name + "." + minor +
                " IS 'in minor units, to sort and to add up';\n";
  }
  for (std::size_t i = 0; i < table.comment_count; ++i) {
    comments += "COMMENT ON COLUMN " + name + "." + quoted_name(table.comments[i].column) + " IS " +
                literal(table.comments[i].text) + ";\n";
  }
  sql += "  PRIMARY KEY (" + key_list(table) + ")\n);\n";
  for (std::size_t i = 0; i < table.index_count; ++i) {
    sql += create_index_sql(name, table, table.indexes[i]);
  }
  return sql + comments;
}

std::string column_list(const TableType& table) {
  std::string list;
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    list.append(i == 0 ? "" : ", ").append(quoted_name(table.columns->fields[i].name));
  }
  return list;
}

std::string select_by_keys_sql(std::string_view schema, const TableType& table) {
  std::string sql = "SELECT k.number";
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    sql += ", t." + quoted_name(table.columns->fields[i].name);
  }
  const auto forms = column_forms(table);
  const std::string keys = numbered(table.key_columns);
  // A look into the index for each key, however large or small the planner takes the table for.
  return sql + " FROM (SELECT * FROM " + unnested(forms, table.key_columns) +
         " WITH ORDINALITY AS k(" + keys + ", number)" + by_key(table, forms) +
         ") AS k CROSS JOIN LATERAL (SELECT * FROM " + table_in(schema, table.name) +
         " AS t WHERE " + same_key(table) + " LIMIT 1) AS t";
}

std::string write_sql(std::string_view schema, const TableType& table) {
  const auto forms = column_forms(table);
  std::string values;
  std::string updates;
  for (std::size_t i = 0; i < table.columns->count; ++i) {
    values.append(i == 0 ? "c" : ", c").append(std::to_string(i + 1));
    if (forms[i] == ColumnForm::jsonb) values += "::jsonb";
    if (is_key(table, i)) continue;
    const std::string name = quoted_name(table.columns->fields[i].name);
    updates.append(updates.empty() ? "" : ", ").append(name + " = excluded." + name);
  }
  return "INSERT INTO " + table_in(schema, table.name) + " (" + column_list(table) + ") SELECT " +
         values + " FROM " + unnested(forms, table.columns->count) + " AS r(" +
         numbered(table.columns->count) + ")" + by_key(table, forms) + " ON CONFLICT (" +
         key_list(table) + ") DO " + (updates.empty() ? "NOTHING" : "UPDATE SET " + updates);
}

std::string erase_sql(std::string_view schema, const TableType& table) {
  return "DELETE FROM " + table_in(schema, table.name) + " AS t USING " +
         unnested(column_forms(table), table.key_columns) + " AS k(" + numbered(table.key_columns) +
         ") WHERE " + same_key(table);
}

}  // namespace annals::internal
