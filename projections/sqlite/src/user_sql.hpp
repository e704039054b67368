#pragma once

#include <optional>

#include <annals/projections/sql.hpp>

#include "connection.hpp"

namespace annals::sqlite_rows {

/// SQL that users wrote, on a connection of ours: it can neither end our transaction nor touch our
/// tables.
class UserSql final : public Sql {
 public:
  enum class Rights : std::uint8_t {
    read,    ///< Selects only.
    change,  ///< And rows of tables that are not annals_….
  };
  UserSql(Connection& connection, Rights rights) : connection_(connection), rights_(rights) {}

  Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> arguments) override;
  Result<void> select(std::string_view sql, std::span<const Cell> arguments,
                      const CellsVisitor& visit) override;

  /// Why the transaction has ended under the user's hands, if it has: SQLite undoes all of it when
  /// the disk is full, and for ON CONFLICT ROLLBACK. Nothing runs after that, or it would be
  /// committed by itself.
  const std::optional<Error>& ended() const noexcept { return ended_; }

 private:
  Result<Statement*> prepared(std::string_view sql, std::size_t arguments);

  Error remember(Error error);

  Connection& connection_;
  Rights rights_;
  std::optional<Error> ended_;
};

/// Runs a projection's statements that make its tables. They may make tables, indexes, views and
/// triggers, and fill them; they cannot end our transaction, nor drop or alter anything.
///
/// Errors: invalid_argument (SQLite does not understand or refuses it), unavailable.
Result<void> run_schema(Connection& connection, std::string_view schema);

}  // namespace annals::sqlite_rows
