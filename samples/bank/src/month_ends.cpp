#include "month_ends.hpp"

#include <map>
#include <set>

#include "cuts.hpp"
#include "queries.hpp"

namespace bank {

using annals::Result;

namespace {

using BalanceMap = std::map<std::string, Money>;

std::string text_of(const BalanceMap& balances, const std::string& account) {
  const auto found = balances.find(account);
  return found == balances.end() ? "nothing" : annals::to_string(found->second);
}

}  // namespace

Result<Comparison> compare(annals::QueryBus& queries,
                           const std::vector<hackclub::MonthEnd>& answers) {
  Comparison comparison;
  for (const hackclub::MonthEnd& answer : answers) {
    const auto cut = consistency_of({.as_of = answer.date, .known_at = {}, .position = {}});
    if (!cut) return cut.error();
    const auto asked = queries.ask(AllBalances{}, *cut);
    if (!asked) return asked.error();
    BalanceMap found;
    for (const AccountBalance& row : asked->value) found[row.account] = row.balance;
    BalanceMap expected;
    for (const auto& [account, cents] : answer.cents) {
      expected[account] = Money::of_minor(cents, "USD");
    }
    comparison.month_ends += 1;
    comparison.balances += expected.size();
    if (found == expected) {
      comparison.equal += 1;
      continue;
    }
    std::set<std::string> accounts;
    for (const auto& [account, balance] : expected) accounts.insert(account);
    for (const auto& [account, balance] : found) accounts.insert(account);
    for (const std::string& account : accounts) {
      const std::string is = text_of(found, account);
      const std::string should_be = text_of(expected, account);
      if (is == should_be) continue;
      comparison.differences.push_back(answer.date + " " + account + ": " + is + ", expected " +
                                       should_be);
    }
  }
  return comparison;
}

}  // namespace bank
