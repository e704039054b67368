#include <annals/projections/rows.hpp>

namespace annals {

Result<bool> Rows::find(const TableType& table, void* row_with_key) {
  std::vector<Cell> key(table.key_columns);
  std::string tail;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    if (auto put = write_cell(field.type, field.get(row_with_key), key[i]); !put) {
      return std::move(put).error();
    }
    tail.append(i == 0 ? "WHERE " : " AND ").append(field.name);
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

std::string Rows::order_by_key(const TableType& table) {
  std::string tail;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    tail.append(i == 0 ? "ORDER BY " : ", ").append(table.columns->fields[i].name);
  }
  return tail;
}

}  // namespace annals
