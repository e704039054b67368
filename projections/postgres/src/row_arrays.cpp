#include "row_arrays.hpp"

#include <utility>

#include "table_sql.hpp"

namespace annals::internal {

namespace {

constexpr std::size_t rows_max = 20'000;
constexpr std::size_t bytes_max = std::size_t{16} << 20U;

}  // namespace

RowArrays::RowArrays(const TableType& table, std::size_t columns)
    : table_(table), forms_(column_forms(table)) {
  forms_.resize(columns);
  for (const ColumnForm form : forms_) arrays_.emplace_back(array_type(form));
}

Result<void> RowArrays::add(const void* row) {
  for (std::size_t i = 0; i < forms_.size(); ++i) {
    const FieldEntry& field = table_.columns->fields[i];
    // Tables have one accessor for reading and writing; this only reads.
    const void* value = field.get(const_cast<void*>(row));
    if (auto added = add_value(field.type, value, forms_[i], arrays_[i]); !added) {
      Error error = std::move(added).error();
      error.message = "table " + std::string(table_.name) + ", column " + std::string(field.name) +
                      ": " + error.message;
      return error;
    }
  }
  return {};
}

bool RowArrays::full() const noexcept {
  std::size_t bytes = 0;
  for (const auto& array : arrays_) bytes += array.bytes();
  return arrays_.front().size() >= rows_max || bytes >= bytes_max;
}

bool RowArrays::empty() const noexcept { return arrays_.front().size() == 0; }

postgres::Parameters RowArrays::parameters() const {
  postgres::Parameters parameters;
  for (const auto& array : arrays_) parameters.array(array);
  return parameters;
}

void RowArrays::clear() noexcept {
  for (auto& array : arrays_) array.clear();
}

}  // namespace annals::internal
