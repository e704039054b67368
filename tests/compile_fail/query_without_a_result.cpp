// expect: annals: a query has 'annals::Result<…> answer
// names: query_answers<bank::BalanceOf
#include <string>
#include <string_view>

#include <annals/queries/query_bus.hpp>

namespace bank {
struct Deposited {
  std::string account;
  int amount = 0;
  ANNALS_EVENT(Deposited, "deposited", account, amount);
};

struct Balance {
  std::string account;
  int balance = 0;
  ANNALS_ROW(Balance, "balances", (account), balance);

  using Events = annals::Events<Deposited>;
  static std::string keys(const Deposited& e) { return e.account; }
  void evolve(const Deposited& e) { balance += e.amount; }
};

struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
  using Tables = annals::Tables<Balance>;
};

struct BalanceOf {
  std::string account;
  using Projection = Balances;
#ifdef WRONG
  int answer(annals::Rows& /*rows*/) const { return 1; }
#else
  annals::Result<int> answer(annals::Rows& /*rows*/) const { return 1; }
#endif
};
}  // namespace bank

auto use(annals::QueryBus& queries) {
  return queries.ask(bank::BalanceOf{}, annals::Consistency::eventual());
}
