// expect: annals: what is added to a bus lists its commands
// names: decider_lists_its_commands<bank::Account
#include <annals/codec/money.hpp>
#include <annals/commands/command_bus.hpp>

namespace bank {
using annals::Decision;
using annals::Money;

struct MoneyWithdrawn {
  Money amount{};
  ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount);
};
struct Withdraw {
  Money amount{};
  ANNALS_COMMAND(Withdraw, "withdraw", amount);
};

struct Account {
  static constexpr auto category = "account";
#ifndef WRONG
  using Commands = annals::Commands<Withdraw>;
#endif
  using Events = annals::Events<MoneyWithdrawn>;

  Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
};
}  // namespace bank

void use(annals::CommandBus& bus) { bus.add<bank::Account>(); }
