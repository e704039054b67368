#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/postgres/transaction.hpp>
#include <annals/projections/sql.hpp>

namespace annals::internal {

/// SQL that users wrote, in a transaction of ours: it can neither end it nor touch our tables.
///
/// What it may do is told by its first word and the names in it. That is against mistakes: a
/// function that writes could still be called. The transaction's own checks hold all the same.
class UserSql final : public Sql {
 public:
  enum class Rights : std::uint8_t {
    read,    ///< Selects only; the transaction is READ ONLY besides.
    change,  ///< And rows of tables that are not annals_….
  };
  UserSql(postgres::Transaction& transaction, Rights rights)
      : transaction_(transaction), rights_(rights) {}

  Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> arguments) override;
  Result<void> select(std::string_view sql, std::span<const Cell> arguments,
                      const CellsVisitor& visit) override;

  /// The first statement that failed, if any: PostgreSQL runs nothing more in the transaction.
  const std::optional<Error>& ended() const noexcept { return ended_; }

 private:
  Result<postgres::Rows> run(std::string_view sql, std::span<const Cell> arguments);

  postgres::Transaction& transaction_;
  Rights rights_;
  std::optional<Error> ended_;
};

/// Runs a projection's statements that make its tables. They may make tables, indexes, views and
/// sequences, fill them and comment on them; nothing else.
///
/// Errors: invalid_argument (PostgreSQL does not understand or refuses it), unavailable.
Result<void> run_schema(postgres::Transaction& transaction, std::string_view schema);

}  // namespace annals::internal
