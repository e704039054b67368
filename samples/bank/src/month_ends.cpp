#include "month_ends.hpp"

#include <set>

#include <annals/eventstore/time.hpp>

#include "balances.hpp"

namespace bank {

using annals::Result;

namespace {

std::string text_of(const Balances& balances, const std::string& account) {
  const auto found = balances.find(account);
  return found == balances.end() ? "nothing" : annals::to_string(found->second);
}

}  // namespace

Result<Comparison> compare(annals::EventStore& store,
                           const std::vector<hackclub::MonthEnd>& answers) {
  const auto books = read_movements(store, {LedgerAccount::category});
  if (!books) return books.error();

  Comparison comparison;
  for (const hackclub::MonthEnd& answer : answers) {
    const auto found = balances_of(*books, {.effective_at = annals::parse_cut_time(answer.date)});
    if (!found) return found.error();
    Balances expected;
    for (const auto& [account, cents] : answer.cents) {
      expected[account] = Money::of_minor(cents, "USD");
    }
    comparison.month_ends += 1;
    comparison.balances += expected.size();
    if (*found == expected) {
      comparison.equal += 1;
      continue;
    }
    std::set<std::string> accounts;
    for (const auto& [account, balance] : expected) accounts.insert(account);
    for (const auto& [account, balance] : *found) accounts.insert(account);
    for (const std::string& account : accounts) {
      const std::string is = text_of(*found, account);
      const std::string should_be = text_of(expected, account);
      if (is == should_be) continue;
      comparison.differences.push_back(answer.date + " " + account + ": " + is + ", expected " +
                                       should_be);
    }
  }
  return comparison;
}

}  // namespace bank
