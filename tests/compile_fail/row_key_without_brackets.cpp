// expect: annals: the key members stand in brackets
// errors: any
#include <string>
#include <string_view>

#include <annals/projections/row.hpp>

namespace bank {
struct Deposited {
  std::string account;
  int amount = 0;
  ANNALS_EVENT(Deposited, "deposited", account, amount);
};

struct Balance {
  std::string account;
  int balance = 0;
#ifdef WRONG
  ANNALS_ROW(Balance, "balances", account, balance);
#else
  ANNALS_ROW(Balance, "balances", (account), balance);
#endif
  using Events = annals::Events<Deposited>;
  static std::string keys(const Deposited& e) { return e.account; }
  void evolve(const Deposited& e) { balance += e.amount; }
};
}  // namespace bank

const auto& use() { return annals::table_type_of<bank::Balance>(); }
