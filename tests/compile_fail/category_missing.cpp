// expect: annals: an aggregate names the category of its streams
// names: aggregate_names_its_category<bank::Account
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
#ifndef WRONG
  static constexpr auto category = "account";
#endif
  using Events = annals::Events<MoneyWithdrawn>;
  using Commands = annals::Commands<Withdraw>;

  Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
