// expect: annals: an index or a comment of the row names a column it does not have
// names: indexes_and_comments_name_columns<bank::Balance
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
  void evolve(const Deposited& e) { balance += e.amount; }
#ifdef WRONG
  static constexpr std::string_view indexes[] = {"balanse"};
#else
  static constexpr std::string_view indexes[] = {"balance"};
#endif
};
}  // namespace bank

const auto& use() { return annals::table_type_of<bank::Balance>(); }
