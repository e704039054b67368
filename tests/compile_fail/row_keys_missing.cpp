// expect: annals: this event is in the Events<…> list of the row but there is no 'static … keys
// names: row_has_keys_for_every_listed_event<bank::Balance, bank::Deposited
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
#ifndef WRONG
  static std::string keys(const Deposited& e) { return e.account; }
#endif
  void evolve(const Deposited& e) { balance += e.amount; }
};
}  // namespace bank

const auto& use() { return annals::table_type_of<bank::Balance>(); }
