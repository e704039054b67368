// expect: annals: a state must be default constructible
// names: state_is_a_regular_value<bank::Account
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

#ifdef WRONG
  Account() = default;
  Account(const Account&) = delete;
#endif
  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
  Decision decide(const Withdraw& c) const { return MoneyWithdrawn{c.amount}; }
};
}  // namespace bank

const auto& use() { return annals::aggregate_type_of<bank::Account>(); }
