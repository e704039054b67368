// expect: annals: this command is in the decider
// names: decider_decides_every_listed_command<bank::TransferDecider, bank::Transfer
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
struct Transfer {
  std::string from;
  std::string to;
  Money amount{};
  ANNALS_COMMAND(Transfer, "transfer", from, to, amount);
};
struct TransferDecider {
  using Commands = annals::Commands<Transfer>;
  static annals::Boundary boundary(const Transfer& c) {
    return annals::Boundary{}.aggregate<Account>(c.from);
  }

#ifndef WRONG
  static Decision decide(const Transfer& c, const annals::States<Account>&) {
    return annals::to(c.from, MoneyWithdrawn{c.amount});
  }
#endif
};
}  // namespace bank

void use(annals::CommandBus& bus) { bus.add<bank::TransferDecider>(); }
