#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/money.hpp>

// A bank account, as small as the tests of aggregates and commands allow.
namespace bank {

using annals::Decision;
using annals::Money;
using annals::reject;

struct AccountOpened {
  std::string owner;
  ANNALS_EVENT(AccountOpened, "account_opened", owner);
  static std::vector<std::string> tags(const AccountOpened& e) { return {"owner:" + e.owner}; }
};
struct MoneyDeposited {
  Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};
struct MoneyWithdrawn {
  Money amount{};
  ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount);
};

struct OpenAccount {
  std::string owner;
  ANNALS_COMMAND(OpenAccount, "open_account", owner);
};
struct Deposit {
  Money amount{};
  ANNALS_COMMAND(Deposit, "deposit", amount);
};
struct Withdraw {
  Money amount{};
  ANNALS_COMMAND(Withdraw, "withdraw", amount);
};

struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn>;
  using Commands = annals::Commands<OpenAccount, Deposit, Withdraw>;

  bool open = false;
  Money balance{};
  std::uint64_t entries = 0;
  ANNALS_STATE(Account, open, balance, entries);

  void evolve(const AccountOpened&) { open = true; }
  void evolve(const MoneyDeposited& e) {
    balance += e.amount;
    ++entries;
  }
  void evolve(const MoneyWithdrawn& e) {
    balance -= e.amount;
    ++entries;
  }

  Decision decide(const OpenAccount& c) const {
    if (open) return {};
    return AccountOpened{.owner = c.owner};
  }
  Decision decide(const Deposit& c) const {
    if (!open) return reject("not-open", "open the account first");
    return MoneyDeposited{.amount = c.amount};
  }
  Decision decide(const Withdraw& c) const {
    if (!open) return reject("not-open", "open the account first");
    if (balance < c.amount) return reject("insufficient-funds", "balance is " + to_string(balance));
    return MoneyWithdrawn{.amount = c.amount};
  }
};

}  // namespace bank
