#include <annals/projections/rows.hpp>

namespace annals {

namespace {

// In quotes, since "order" is a fine name for a field, and SQL's word for something else.
std::string key_name(const TableType& table, std::size_t column) {
  return '"' + std::string(table.columns->fields[column].name) + '"';
}

}  // namespace

Result<void> Rows::may_read(const TableType& table) const {
  if (readable_.empty()) return {};
  std::string names;
  for (const ProjectionType* projection : readable_) {
    for (std::size_t i = 0; i < projection->table_count; ++i) {
      if (projection->tables[i] == &table) return {};
    }
    names.append(names.empty() ? "" : ", ").append(projection->name);
  }
  return Error{.code = ErrorCode::invalid_argument,
               .message = "table " + std::string(table.name) +
                          " is of none of the projections that the query names (" + names +
                          "): name its projection as well, so that the answer reflects both"};
}

Result<bool> Rows::find(const TableType& table, void* row_with_key) {
  if (auto may = may_read(table); !may) return std::move(may).error();
  std::vector<Cell> key(table.key_columns);
  std::string tail;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    if (auto put = write_cell(field.type, field.get(row_with_key), key[i]); !put) {
      return std::move(put).error();
    }
    tail.append(i == 0 ? "WHERE " : " AND ").append(key_name(table, i));
    tail.append(" = ?").append(std::to_string(i + 1));
  }
  bool found = false;
  auto done = transaction_->rows(table, tail, key, [&](std::span<const Cell> cells) {
    found = true;
    return Sql::read_fields(*table.columns, cells, row_with_key);
  });
  if (!done) return std::move(done).error();
  return found;
}

Result<std::optional<ParkedKey>> Rows::parked(const TableType& table, const void* row_with_key) {
  if (auto may = may_read(table); !may) return std::move(may).error();
  auto key = key_text(table, row_with_key);
  if (!key) return std::move(key).error();
  return parked_key(*transaction_, {std::string(table.name), *std::move(key)});
}

std::string Rows::order_by_key(const TableType& table) {
  std::string tail;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    tail.append(i == 0 ? "ORDER BY " : ", ").append(key_name(table, i));
  }
  return tail;
}

}  // namespace annals
