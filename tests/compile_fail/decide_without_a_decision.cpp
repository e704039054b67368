// expect: annals: decide must return annals::Decision
// names: decide_returns_a_decision<bank::Account, bank::Withdraw
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
#ifdef WRONG
  void decide(const Withdraw&) const {}
#else
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
#endif
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
