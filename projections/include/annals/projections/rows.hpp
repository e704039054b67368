/// @file
/// Typed reading of a read model.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/projections/read_model_store.hpp>

namespace annals {

/// The rows of a read model at one moment. Belongs to one thread; valid as long as its transaction.
class Rows {
 public:
  /// With `readable`, rows of other projections' tables are refused: the asker would be told a
  /// position that they do not have.
  explicit Rows(ReadTransaction& transaction, std::span<const ProjectionType* const> readable = {})
      : transaction_(&transaction), readable_(readable) {}

  /// The row with this key, or nothing.
  template <Row R>
  Result<std::optional<R>> find(const RowKey<R>& key) {
    R row{};
    detail::set_key(row, key);
    auto found = find(table_type_of<R>(), &row);
    if (!found) return std::move(found).error();
    if (!*found) return std::optional<R>{};
    return std::optional<R>(std::move(row));
  }

  /// Rows chosen and ordered by the end of a select: rows.where<StatementLine>("WHERE account = ?1
  /// ORDER BY number", account). Money columns sort by their column `…_minor`.
  template <Row R, typename... Argument>
  Result<std::vector<R>> where(std::string_view tail, const Argument&... argument) {
    if (auto may = may_read(table_type_of<R>()); !may) return std::move(may).error();
    auto arguments = Sql::cells(argument...);
    if (!arguments) return std::move(arguments).error();
    std::vector<R> result;
    auto done =
        transaction_->rows(table_type_of<R>(), tail, *arguments, [&](std::span<const Cell> cells) {
          return Sql::read_fields(table_of<R>(), cells, &result.emplace_back());
        });
    if (!done) return std::move(done).error();
    return result;
  }

  /// Why the row with this key is not up to date, if it is not: its events are parked from some
  /// position on. There may be no such row yet.
  template <Row R>
  Result<std::optional<ParkedKey>> parked(const RowKey<R>& key) {
    R row{};
    detail::set_key(row, key);
    return parked(table_type_of<R>(), &row);
  }

  /// All rows, in the order of their keys.
  template <Row R>
  Result<std::vector<R>> all() {
    return where<R>(order_by_key(table_type_of<R>()));
  }

  /// A select of your own into any described struct, column by column. Which tables it reads is not
  /// looked at: stay with those of the query's projections.
  template <Described T, typename... Argument>
  Result<std::vector<T>> query(std::string_view sql, const Argument&... argument) {
    return transaction_->sql().query<T>(sql, argument...);
  }

  ReadTransaction& transaction() noexcept { return *transaction_; }

 private:
  Result<bool> find(const TableType& table, void* row_with_key);
  Result<std::optional<ParkedKey>> parked(const TableType& table, const void* row_with_key);
  Result<void> may_read(const TableType& table) const;
  static std::string order_by_key(const TableType& table);

  ReadTransaction* transaction_;
  std::span<const ProjectionType* const> readable_;
};

}  // namespace annals
