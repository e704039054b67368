/// @file
/// Hand-written SQL, inside a transaction that annals owns.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/codec/table.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/projections/cell.hpp>

namespace annals {

/// Takes the rows of a select one after the other; an error ends it and is passed on.
using CellsVisitor = std::function<Result<void>(std::span<const Cell>)>;

/// Runs SQL. Parameters are ?1, ?2, … in every database. Belongs to one thread; valid as long as
/// the transaction that it was made for.
class Sql {
 public:
  virtual ~Sql() = default;

  /// One statement; returns the number of rows that it changed.
  ///
  /// Errors: invalid_argument (the database does not understand or refuses it: its words are in the
  /// message), unavailable.
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> arguments) = 0;

  /// One select. Errors: as execute, and what `visit` returns.
  virtual Result<void> select(std::string_view sql, std::span<const Cell> arguments,
                              const CellsVisitor& visit) = 0;

  /// execute() with values of any storable type: sql.run("UPDATE … WHERE id = ?1", id).
  template <typename... Argument>
  Result<std::int64_t> run(std::string_view sql, const Argument&... argument) {
    auto arguments = cells(argument...);
    if (!arguments) return std::move(arguments).error();
    return execute(sql, *arguments);
  }

  /// Reads the result's columns, in order, into the fields of T, a described struct.
  template <Described T, typename... Argument>
  Result<std::vector<T>> query(std::string_view sql, const Argument&... argument) {
    auto arguments = cells(argument...);
    if (!arguments) return std::move(arguments).error();
    std::vector<T> result;
    auto done = select(sql, *arguments, [&](std::span<const Cell> row) -> Result<void> {
      return read_fields(table_of<T>(), row, &result.emplace_back());
    });
    if (!done) return std::move(done).error();
    return result;
  }

  template <typename... Argument>
  static Result<std::vector<Cell>> cells(const Argument&... argument) {
    std::vector<Cell> result;
    result.reserve(sizeof...(argument));
    Result<void> failed;
    [[maybe_unused]] const auto add = [&](Result<Cell> cell) {
      if (cell) {
        result.push_back(std::move(*cell));
      } else if (failed) {
        failed = std::move(cell).error();
      }
    };
    (add(to_cell(argument)), ...);
    if (!failed) return std::move(failed).error();
    return result;
  }

  /// Reads as many cells as the struct has fields. Errors: invalid_argument (another number of
  /// cells; a cell that does not fit its field).
  static Result<void> read_fields(const StructTable& table, std::span<const Cell> cells,
                                  void* object);
};

/// For those who implement the door of read models: calls hand-written SQL. Errors: those of
/// `function`; corrupt if it throws.
Result<void> run_user_sql(const std::function<Result<void>(Sql&)>& function, Sql& sql);

}  // namespace annals
