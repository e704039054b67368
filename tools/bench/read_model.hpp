/// @file
/// The read model that is measured: a bank's balances.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <annals/codec/money.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/projections/rows.hpp>

#include "bank_account.hpp"
#include "books.hpp"

namespace annals::bench {

struct AccountBalance {
  std::string account;
  Money balance{};
  std::int64_t bookings = 0;
  ANNALS_ROW(AccountBalance, "account_balances", (account), balance, bookings);

  using Events = annals::Events<MoneyDeposited, MoneyWithdrawn>;
  static std::string keys(const auto&, const EventInfo& info) {
    return std::string(account_in(info.stream));
  }
  void evolve(const MoneyDeposited& event) {
    balance += event.amount;
    ++bookings;
  }
  void evolve(const MoneyWithdrawn& event) {
    balance -= event.amount;
    ++bookings;
  }
};

struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<AccountBalance>;
};

struct BalanceOf {
  std::string account;
  using Projection = Balances;
  Result<std::optional<AccountBalance>> answer(Rows& rows) const {
    return rows.find<AccountBalance>(account);
  }
};

/// Of annals' read models in SQLite and of those by hand.
constexpr const char* sqlite_read_model_durability = "wal, synchronous=normal";

/// A SQLite file with the defaults.
Result<std::unique_ptr<ReadModelStore>> open_read_model(const std::filesystem::path& file);

/// Projects until the head of the log is reached, with as many threads as partitions and the
/// defaults otherwise; how many seconds that took.
Result<double> project_to_head(const EventStore& store, ReadModelStore& rows,
                               std::uint32_t partitions = 1);

/// A closed SQLite file that others are copied from.
struct Template {
  std::filesystem::path file;
  /// A copy, in a new folder.
  Result<std::filesystem::path> copy_to(const std::filesystem::path& folder) const;
};

/// Gives `visit` what is to be booked of each event after `after`, in order, read and decoded as
/// annals does: for those who write their read model by hand. Ends when it returns false.
Result<void> visit_bookings(
    const EventStore& store, GlobalPosition after,
    const std::function<Result<bool>(const EventInfo&, std::int64_t cents)>& visit);

}  // namespace annals::bench
