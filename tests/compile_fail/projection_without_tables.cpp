// expect: annals: a projection has tables of rows
// names: projection_owns_tables<bank::Balances
#include <string>
#include <string_view>

#include <annals/projections/projection.hpp>

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
#ifndef WRONG
  using Tables = annals::Tables<Balance>;
#endif
};
}  // namespace bank

const auto& use() { return annals::projection_type_of<bank::Balances>(); }
