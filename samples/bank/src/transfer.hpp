/// @file
/// A transfer: one command over two accounts, decided on both and written in one atomic append.

#pragma once

#include <string>

#include <annals/commands/boundary.hpp>
#include <annals/commands/states.hpp>

#include "account.hpp"

namespace bank {

struct SendMoney {
  std::string from;
  std::string to;
  Money amount{};
  ANNALS_COMMAND(SendMoney, "transfer", from, to, amount);
};

// [docs:transfer]
struct Transfer {
  using Commands = annals::Commands<SendMoney>;

  static annals::Boundary boundary(const SendMoney& c) {
    return annals::Boundary{}.aggregate<Account>(c.from).aggregate<Account>(c.to);
  }

  static Decision decide(const SendMoney& c, const annals::States<Account>& accounts) {
    if (c.from == c.to) return reject("same-account", "a transfer needs two accounts");
    if (auto no = accounts[c.from].why_not_out(c.amount)) return *no;
    if (auto no = accounts[c.to].why_not_in(c.amount)) return *no;
    return {annals::to(c.from, MoneySent{c.amount, c.to}),
            annals::to(c.to, MoneyReceived{c.amount, c.from})};
  }
};
// [docs:transfer]

}  // namespace bank
