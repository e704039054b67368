#include <exception>
#include <string>

#include <annals/projections/sql.hpp>

namespace annals {

Result<void> Sql::read_fields(const StructTable& table, std::span<const Cell> cells, void* object) {
  if (cells.size() != table.count) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = std::string(table.name) + " has " + std::to_string(table.count) +
                            " fields, the select gives " + std::to_string(cells.size()) +
                            " columns"};
  }
  for (std::size_t i = 0; i < table.count; ++i) {
    const FieldEntry& field = table.fields[i];
    auto read = read_cell(cells[i], field.type, field.get(object), field.name);
    if (!read) {
      Error error = std::move(read).error();
      error.message = std::string(table.name) + ": field " + error.message;
      return error;
    }
  }
  return {};
}

Result<void> run_user_sql(const std::function<Result<void>(Sql&)>& function, Sql& sql) {
  std::string what;
  try {
    return function(sql);
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "an exception that is not a std::exception";
  }
  return Error{.code = ErrorCode::corrupt, .message = "hand-written SQL threw: " + what};
}

}  // namespace annals
