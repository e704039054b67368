/// @file
/// The bank's read models: what its events come to, as tables that anybody can query. They lie in
/// SQLite or in PostgreSQL, so what is SQL here is such as both read alike.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/codec/money.hpp>
#include <annals/projections/projection.hpp>

#include "account.hpp"
#include "ledger.hpp"

namespace bank {

using annals::EventInfo;

inline std::chrono::year_month_day day_of(annals::Timestamp time) {
  return std::chrono::floor<std::chrono::days>(time);
}

/// A customer's account. It folds itself as the aggregate does, so the rules stand in one place.
struct CustomerAccount {
  std::string account;
  std::string owner;
  Status status = Status::none;
  Money balance{};
  Money overdraft{};
  ANNALS_ROW(CustomerAccount, "customer_accounts", (account), owner, status, balance, overdraft);
  static constexpr auto comment = "one row for each customer's account";
  static constexpr std::string_view indexes[] = {"owner"};
  static constexpr annals::ColumnComment comments[] = {
      {"overdraft", "how far below zero the customer may go"}};

  using Events = Account::Events;
  static std::string keys(const auto&, const EventInfo& info) { return annals::id_of(info.stream); }
  void evolve(const auto& event) {
    Account state{status, owner, balance, overdraft};
    state.evolve(event);
    status = state.status;
    owner = state.owner;
    balance = state.balance;
    overdraft = state.overdraft;
  }
  bool operator==(const CustomerAccount&) const = default;
};
struct Customers {
  static constexpr auto name = "customers";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<CustomerAccount>;
};

/// What one event changes in its account, and what it says.
struct Change {
  Money amount{};
  std::string text = {};
};
inline Change change_of(const AccountOpened& e) { return {e.overdraft * 0, e.owner}; }
inline Change change_of(const AccountFrozen& e) { return {{}, e.reason}; }
inline Change change_of(const AccountUnfrozen&) { return {}; }
inline Change change_of(const AccountClosed&) { return {}; }
inline Change change_of(const MoneyDeposited& e) { return {e.amount, e.text}; }
inline Change change_of(const MoneyWithdrawn& e) { return {-e.amount, e.text}; }
inline Change change_of(const MoneySent& e) { return {-e.amount, "to " + e.to}; }
inline Change change_of(const MoneyReceived& e) { return {e.amount, "from " + e.from}; }
inline Change change_of(const AccountCharged& e) { return {-e.amount, e.text}; }
inline Change change_of(const PostingRecorded& e) { return {e.amount, e.transaction}; }
inline Change change_of(const PostingWithdrawn& e) { return {-e.amount, e.transaction}; }
using MoneyEvents = annals::Events<MoneyDeposited, MoneyWithdrawn, MoneySent, MoneyReceived,
                                   AccountCharged, PostingRecorded, PostingWithdrawn>;

/// What an account comes to, of a customer or of the books.
struct AccountBalance {
  std::string account;
  Money balance{};
  std::int64_t movements = 0;
  ANNALS_ROW(AccountBalance, "balances", (account), balance, movements);
  static constexpr auto comment = "what each account comes to, of customers and of the books";
  static constexpr std::string_view indexes[] = {"balance"};

  using Events = MoneyEvents;
  static std::string keys(const auto&, const EventInfo& info) { return annals::id_of(info.stream); }
  void evolve(const auto& event) {
    balance += change_of(event).amount;
    ++movements;
  }
  bool operator==(const AccountBalance&) const = default;
};
/// A sum: leaving events out never gives a balance that could not be, so it may be cut by the times
/// that events claim.
struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  static constexpr bool order_free = true;
  using Tables = annals::Tables<AccountBalance>;
};

/// One line of a statement. The balance after it is a sum over the lines before: see queries.hpp.
struct StatementLine {
  std::string account;
  std::uint64_t number = 0;
  std::chrono::year_month_day date{};
  std::string what;
  std::string text;
  Money amount{};
  ANNALS_ROW(StatementLine, "statement_lines", (account, number), date, what, text, amount);
  static constexpr auto comment = "what happened to each account, a row for each event";
  static constexpr std::string_view indexes[] = {"account, date", "amount"};
  static constexpr annals::ColumnComment comments[] = {
      {"number", "the event's version in its stream"},
      {"date", "the day it is about"},
      {"what", "the event's stored name"}};

  using Events = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn, MoneySent,
                                MoneyReceived, AccountCharged, AccountFrozen, AccountUnfrozen,
                                AccountClosed, PostingRecorded, PostingWithdrawn>;
  static annals::RowKey<StatementLine> keys(const auto&, const EventInfo& info) {
    return {annals::id_of(info.stream), info.version.value};
  }
  void evolve(const auto& event, const EventInfo& info) {
    const Change change = change_of(event);
    date = day_of(info.effective_at);
    what = info.type;
    text = change.text;
    amount = change.amount;
  }
  bool operator==(const StatementLine&) const = default;
};
struct Statements {
  static constexpr auto name = "statements";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  static constexpr bool order_free = true;
  using Tables = annals::Tables<StatementLine>;
};

/// What came in and went out on each day, as SQL written by hand: rows cannot say it shorter, but
/// this is how it is done where they cannot say it at all.
struct DailyTotals {
  static constexpr auto name = "daily_totals";
  static constexpr int version = 1;
  static constexpr bool order_free = true;
  static constexpr auto schema = R"(
CREATE TABLE daily_totals (  -- money in and out by day, over all accounts
  day TEXT NOT NULL,
  currency TEXT NOT NULL,
  in_minor BIGINT NOT NULL,  -- in minor units, as below
  out_minor BIGINT NOT NULL,
  movements BIGINT NOT NULL,
  PRIMARY KEY (day, currency)
);)";
  using SqlEvents = MoneyEvents;

  static annals::Result<void> apply(annals::Sql& sql, const auto& event, const EventInfo& info) {
    const Money amount = change_of(event).amount;
    const std::int64_t in = amount.is_positive() ? amount.minor_units() : 0;
    const std::int64_t out = amount.is_negative() ? -amount.minor_units() : 0;
    auto done = sql.run(
        "INSERT INTO daily_totals AS old VALUES (?1, ?2, ?3, ?4, 1) "
        "ON CONFLICT (day, currency) DO UPDATE SET in_minor = old.in_minor + excluded.in_minor, "
        "out_minor = old.out_minor + excluded.out_minor, movements = old.movements + 1",
        day_of(info.effective_at), amount.currency(), in, out);
    if (!done) return std::move(done).error();
    return {};
  }
};

}  // namespace bank
