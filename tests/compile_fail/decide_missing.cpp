// expect: annals: this command is in the Commands<…> list but there is no
// names: aggregate_decides_every_listed_command<bank::Account, bank::Withdraw
#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/money.hpp>

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
#ifndef WRONG
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
#endif
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
