// expect: annals: this type is used as an event but is none
// names: listed_type_is_an_event<bank::Withdraw
// errors: any
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
  Decision decide(const Withdraw& c) const { return c; }
#else
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
#endif
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
