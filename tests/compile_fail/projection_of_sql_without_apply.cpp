// expect: annals: this event is in SqlEvents but there is no
// names: projection_applies_every_sql_event<bank::Balances, bank::Deposited
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
  static constexpr auto schema = "CREATE TABLE totals (total INTEGER);";
  using SqlEvents = annals::Events<Deposited>;
#ifndef WRONG
  static annals::Result<void> apply(annals::Sql& sql, const Deposited& e,
                                    const annals::EventInfo& /*info*/) {
    auto done = sql.run("UPDATE totals SET total = total + ?1", e.amount);
    if (!done) return std::move(done).error();
    return {};
  }
#endif
};
}  // namespace bank

const auto& use() { return annals::projection_type_of<bank::Balances>(); }
