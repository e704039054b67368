/// @file
/// The aggregate that fold and commands are measured with: a bank account, cut short.

#pragma once

#include <string>

#include <annals/aggregates/decision.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/money.hpp>

namespace annals::bench {

struct MoneyDeposited {
  Money amount{};
  std::string text;
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount, text);
};
struct MoneyWithdrawn {
  Money amount{};
  std::string text;
  ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount, text);
};
struct Deposit {
  Money amount{};
  std::string text = {};
  ANNALS_COMMAND(Deposit, "deposit", amount, text);
};
struct Withdraw {
  Money amount{};
  std::string text = {};
  ANNALS_COMMAND(Withdraw, "withdraw", amount, text);
};

struct BankAccount {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited, MoneyWithdrawn>;
  using Commands = annals::Commands<Deposit, Withdraw>;

  Money balance{};
  ANNALS_STATE(BankAccount, balance);

  void evolve(const MoneyDeposited& event) { balance += event.amount; }
  void evolve(const MoneyWithdrawn& event) { balance -= event.amount; }

  Decision decide(const Deposit& command) const {
    return MoneyDeposited{command.amount, command.text};
  }
  Decision decide(const Withdraw& command) const {
    if (balance < command.amount) return reject("insufficient-funds", to_string(balance));
    return MoneyWithdrawn{command.amount, command.text};
  }
};

}  // namespace annals::bench
