/// @file
/// What can be asked of the read models: plain structs. Their SQL is such as SQLite and PostgreSQL
/// read alike: tables may lie in either, and a past that is asked for is folded into SQLite.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <annals/queries/query_type.hpp>

#include "read_models.hpp"

namespace bank {

using annals::Result;
using annals::Rows;

/// SQL: whether `text` holds ?1, which is not empty, whatever the case of A to Z. Each database has
/// a function for this that the other one does not know.
inline std::string holds(const std::string& text) {
  return "replace(lower(" + text + "), ?1, '') <> lower(" + text + ")";
}
/// `text` as holds() wants it. Not by SQL, where lower() of an argument may know more letters than
/// lower() of a column.
inline std::string in_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// All customers, or those whose name holds `owner`.
struct FindCustomers {
  std::string owner = {};
  using Projection = Customers;
  Result<std::vector<CustomerAccount>> answer(Rows& rows) const {
    return rows.where<CustomerAccount>("WHERE " + holds("owner") + " OR ?1 = '' ORDER BY account",
                                       in_lower_case(owner));
  }
};

/// The accounts that are not at zero, of customers and of the books.
struct AllBalances {
  using Projection = Balances;
  Result<std::vector<AccountBalance>> answer(Rows& rows) const {
    return rows.where<AccountBalance>("WHERE balance_minor <> 0 ORDER BY account");
  }
};

/// A line with the balance after it.
struct StatementEntry {
  StatementLine line;
  Money balance{};
};
/// The lines of one account, in the order in which they were recorded.
struct StatementOf {
  std::string account;
  using Projection = Statements;
  Result<std::vector<StatementEntry>> answer(Rows& rows) const {
    auto lines = rows.where<StatementLine>("WHERE account = ?1 ORDER BY number", account);
    if (!lines) return std::move(lines).error();
    std::vector<StatementEntry> entries;
    Money balance{};
    for (StatementLine& line : *lines) {
      balance += line.amount;
      entries.push_back({std::move(line), balance});
    }
    return entries;
  }
};

/// The movements of most money, in or out.
struct LargestMovements {
  std::int64_t count = 10;
  using Projection = Statements;
  Result<std::vector<StatementLine>> answer(Rows& rows) const {
    return rows.where<StatementLine>("ORDER BY abs(amount_minor) DESC, account, number LIMIT ?1",
                                     count);
  }
};

/// The movements whose text, kind or account holds a text.
struct FindMovements {
  std::string text;
  using Projection = Statements;
  Result<std::vector<StatementLine>> answer(Rows& rows) const {
    return rows.where<StatementLine>("WHERE " + holds("text || ' ' || account || ' ' || what") +
                                         " OR ?1 = '' ORDER BY date, account, number",
                                     in_lower_case(text));
  }
};

/// The movements of an account, or of all accounts of the books below it ("Assets"), in some days.
struct BooksBetween {
  std::string account;
  std::chrono::year_month_day first;
  std::chrono::year_month_day last;
  using Projection = Statements;
  Result<std::vector<StatementLine>> answer(Rows& rows) const {
    return rows.where<StatementLine>(
        "WHERE amount_minor <> 0 AND (account = ?1 OR substr(account, 1, length(?1) + 1) = ?1 || "
        "':') "
        "AND date BETWEEN ?2 AND ?3 ORDER BY date, account, number",
        account, first, last);
  }
};

/// Whether the books have the account, or accounts below it.
struct HasBooks {
  std::string account;
  using Projection = Statements;
  Result<bool> answer(Rows& rows) const {
    auto line = rows.where<StatementLine>(
        "WHERE account = ?1 OR substr(account, 1, length(?1) + 1) = ?1 || ':' LIMIT 1", account);
    if (!line) return std::move(line).error();
    return !line->empty();
  }
};

struct DailyTotal {
  std::string day;
  std::string currency;
  std::int64_t in_minor = 0;
  std::int64_t out_minor = 0;
  std::int64_t movements = 0;
  ANNALS_FIELDS(DailyTotal, day, currency, in_minor, out_minor, movements);
  bool operator==(const DailyTotal&) const = default;
};
struct AllDailyTotals {
  using Projection = DailyTotals;
  Result<std::vector<DailyTotal>> answer(Rows& rows) const {
    return rows.query<DailyTotal>("SELECT * FROM daily_totals ORDER BY day, currency");
  }
};

}  // namespace bank
