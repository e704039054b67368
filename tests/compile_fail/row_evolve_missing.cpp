// expect: annals: this event is in the Events<…> list of the row but there is neither
// names: row_evolves_or_drops_by_every_listed_event<bank::Balance, bank::Deposited
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
  static std::string keys(const Deposited& e) { return e.account; }
#ifndef WRONG
  void evolve(const Deposited& e) { balance += e.amount; }
#endif
};
}  // namespace bank

const auto& use() { return annals::table_type_of<bank::Balance>(); }
