#include "check.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "queries.hpp"
#include "read_side.hpp"

namespace bank {

using annals::AsOf;
using annals::Consistency;
using annals::Result;

namespace {

constexpr std::size_t rows_shown = 10;

template <typename P, typename Row>
struct EveryRow {
  using Projection = P;
  Result<std::vector<Row>> answer(Rows& rows) const { return rows.all<Row>(); }
};

std::string key_of(const AccountBalance& row) { return row.account; }
std::string key_of(const CustomerAccount& row) { return row.account; }
std::string key_of(const StatementLine& row) {
  return row.account + ", line " + std::to_string(row.number);
}
std::string key_of(const DailyTotal& row) { return row.day + " " + row.currency; }

/// Rows that are in one of the two only, or are not the same, by key.
template <typename Row>
std::vector<std::string> differences(const std::vector<Row>& stored,
                                     const std::vector<Row>& folded) {
  // By key, since databases sort texts in different ways.
  std::map<std::string, std::pair<const Row*, const Row*>> both;
  for (const Row& row : stored) both[key_of(row)].first = &row;
  for (const Row& row : folded) both[key_of(row)].second = &row;
  std::vector<std::string> found;
  for (const auto& [key, rows] : both) {
    const auto& [is, should_be] = rows;
    if (is == nullptr) {
      found.push_back(key + " is missing");
    } else if (should_be == nullptr) {
      found.push_back(key + " should not be there");
    } else if (!(*is == *should_be)) {
      found.push_back(key + " is not what the log says");
    }
  }
  return found;
}

/// Compares one table. Returns whether it is equal.
template <typename Query>
Result<bool> check(annals::QueryBus& queries, const char* table, const Query& query) {
  auto stored = queries.ask(query, Consistency::strong());
  if (!stored) return stored.error();
  auto folded = queries.ask(query, Consistency::as_of(AsOf::position(stored->token.position)));
  if (!folded) return folded.error();
  const auto found = differences(stored->value, folded->value);
  std::printf(
      "%s: %s rows, %s at position %s\n", table, with_thousands(stored->value.size()).c_str(),
      found.empty() ? "all as the log says"
                    : (with_thousands(found.size()) + " of them not as the log says").c_str(),
      with_thousands(stored->token.position.value).c_str());
  for (std::size_t i = 0; i < std::min(found.size(), rows_shown); ++i) {
    std::fprintf(stderr, "bank: %s: %s\n", table, found[i].c_str());
  }
  return found.empty();
}

}  // namespace

int check_tables(const Session& session) {
  auto reading = Reading::open(session);
  if (!reading) return failed(reading.error());
  annals::QueryBus& queries = reading->side->queries();
  bool equal = true;
  for (const auto& checked :
       {check(queries, "balances", EveryRow<Balances, AccountBalance>{}),
        check(queries, "customer_accounts", EveryRow<Customers, CustomerAccount>{}),
        check(queries, "statement_lines", EveryRow<Statements, StatementLine>{}),
        check(queries, "daily_totals", AllDailyTotals{})}) {
    if (!checked) return failed(checked.error());
    equal = equal && *checked;
  }
  return equal ? exit_done : exit_failed;
}

}  // namespace bank
