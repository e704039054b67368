// expect: annals: a projection with SqlEvents makes its tables
// names: sql_has_a_table_to_write_to<bank::Balances
#include <string>
#include <string_view>

#include <annals/projections/projection.hpp>

namespace bank {
struct Deposited {
  std::string account;
  int amount = 0;
  ANNALS_EVENT(Deposited, "deposited", account, amount);
};

struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
#ifndef WRONG
  static constexpr auto schema = "CREATE TABLE totals (total INTEGER);";
#endif
  using SqlEvents = annals::Events<Deposited>;
  static annals::Result<void> apply(annals::Sql& sql, const Deposited& e,
                                    const annals::EventInfo& /*info*/) {
    auto done = sql.run("UPDATE totals SET total = total + ?1", e.amount);
    if (!done) return std::move(done).error();
    return {};
  }
};
}  // namespace bank

const auto& use() { return annals::projection_type_of<bank::Balances>(); }
