// The program of README.md's first page. Its output is part of the test: see CMakeLists.txt.

// clang-format off
// [docs:hello-world]
#include <iostream>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/money.hpp>
#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/log_event_store.hpp>

using annals::Decision, annals::Money, annals::reject;
using namespace annals::literals;

// What happened, and what may be asked: plain structs, their fields listed once.
struct AccountOpened  { std::string owner; ANNALS_EVENT(AccountOpened, "account_opened", owner); };
struct MoneyDeposited { Money amount{};    ANNALS_EVENT(MoneyDeposited, "money_deposited", amount); };
struct MoneyWithdrawn { Money amount{};    ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount); };
struct OpenAccount    { std::string owner; ANNALS_COMMAND(OpenAccount, "open_account", owner); };
struct Deposit        { Money amount{};    ANNALS_COMMAND(Deposit, "deposit", amount); };
struct Withdraw       { Money amount{};    ANNALS_COMMAND(Withdraw, "withdraw", amount); };

struct Account {
  static constexpr auto category = "account";
  using Events   = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn>;
  using Commands = annals::Commands<OpenAccount, Deposit, Withdraw>;

  std::string owner{};
  Money balance{};
  ANNALS_STATE(Account, owner, balance);

  // Events change the state.
  void evolve(const AccountOpened& e)  { owner = e.owner; }
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }

  // Commands are decided: events, or a rejection. No store, no clock, no I/O.
  Decision decide(const OpenAccount& c) const {
    if (!owner.empty()) return reject("already-open", "it belongs to " + owner);
    return AccountOpened{c.owner};
  }
  Decision decide(const Deposit& c) const {
    if (owner.empty()) return reject("not-open", "open the account first");
    return MoneyDeposited{c.amount};
  }
  Decision decide(const Withdraw& c) const {
    if (balance < c.amount) return reject("insufficient-funds", "balance is " + to_string(balance));
    return MoneyWithdrawn{c.amount};
  }
};

int main() {
  const auto store = annals::open_log_event_store({.path = "hello-log"});
  if (!store) return std::cerr << to_string(store.error()) << '\n', 1;
  annals::CommandBus bus(**store);
  bus.add<Account>();

  const auto say = [](const auto& answer) {
    if (answer) std::cout << "durable at position " << to_string(answer->receipt.last_position) << '\n';
    else        std::cout << answer.error().rule << ": " << answer.error().message << '\n';
  };
  say(bus.send("ada", OpenAccount{.owner = "Ada"}));
  say(bus.send("ada", Deposit{.amount = 100.00_eur}));
  say(bus.send("ada", Withdraw{.amount = 250.00_eur}));
  say(bus.send("ada", Withdraw{.amount = 30.00_eur}));

  const annals::Repository<Account> accounts(**store);
  const auto now    = accounts.load("ada");
  const auto before = accounts.load("ada", annals::AsOf::position({2}));
  if (!now || !before) return 1;
  std::cout << now->state.owner << " has " << to_string(now->state.balance) << ", and had "
            << to_string(before->state.balance) << " at position 2\n";
}
// [docs:hello-world]
// clang-format on
