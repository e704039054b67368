// expect: annals: keys returns a key of the row
// names: keys_are_keys_of_the_row<bank::Balance, int
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
  ANNALS_ROW(Balance, "balances", (account), balance);

  using Events = annals::Events<Deposited>;
#ifdef WRONG
  static int keys(const Deposited& e) { return e.amount; }
#else
  static std::string keys(const Deposited& e) { return e.account; }
#endif
  void evolve(const Deposited& e) { balance += e.amount; }
};
}  // namespace bank

const auto& use() { return annals::table_type_of<bank::Balance>(); }
