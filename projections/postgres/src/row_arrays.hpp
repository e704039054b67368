#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/postgres/parameters.hpp>
#include <annals/projections/row.hpp>

#include "column_form.hpp"

namespace annals::internal {

/// Rows, or their keys, turned into one array for each column: what a bulk statement is given.
class RowArrays {
 public:
  /// Of the first `columns` of the table.
  RowArrays(const TableType& table, std::size_t columns);

  /// Errors: invalid_argument, with table and column in it.
  Result<void> add(const void* row);
  /// Enough for one statement; more would only cost memory.
  bool full() const noexcept;
  bool empty() const noexcept;
  postgres::Parameters parameters() const;
  void clear() noexcept;

 private:
  const TableType& table_;
  std::vector<ColumnForm> forms_;
  std::vector<postgres::ArrayParameter> arrays_;
};

}  // namespace annals::internal
