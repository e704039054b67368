// expect: annals: two types added to one bus handle commands of the same name
// names: no_two_handlers_share_a_command<bank::Account, bank::Vault
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
  using Events = annals::Events<MoneyWithdrawn>;
  using Commands = annals::Commands<Withdraw>;

  Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
};
struct Lock {
  ANNALS_COMMAND(Lock, "lock");
};
struct Vault {
  static constexpr auto category = "vault";
  using Events = annals::Events<MoneyWithdrawn>;
#ifdef WRONG
  using Commands = annals::Commands<Withdraw>;
#else
  using Commands = annals::Commands<Lock>;
#endif
  void evolve(const MoneyWithdrawn&) {}
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
  Decision decide(const Lock&) const { return {}; }
};
}  // namespace bank

void use(annals::CommandBus& bus) { bus.add<bank::Account, bank::Vault>(); }
