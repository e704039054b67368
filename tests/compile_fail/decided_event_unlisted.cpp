// expect: annals: decide returns an event that is missing from the Events<…> list
// names: decided_event_is_listed<bank::Account, bank::MoneyBurnt
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

struct MoneyBurnt {
  Money amount{};
  ANNALS_EVENT(MoneyBurnt, "money_burnt", amount);
};
struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyWithdrawn>;
  using Commands = annals::Commands<Withdraw>;
  using Decision = annals::DecisionOf<Account>;

  Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
#ifdef WRONG
  Decision decide(const Withdraw& c) const { return MoneyBurnt{c.amount}; }
#else
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
#endif
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
