// A program that describes a projection, and brings a database of its own for it.
#include <string>

#include <annals/codec/money.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rebuild.hpp>

struct MoneyDeposited {
  annals::Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};

struct Balance {
  std::string account;
  annals::Money balance{};
  ANNALS_ROW(Balance, "balances", (account), balance);

  using Events = annals::Events<MoneyDeposited>;
  static std::string keys(const MoneyDeposited&, const annals::EventInfo& info) {
    return std::string(info.stream);
  }
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
};

struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
  using Tables = annals::Tables<Balance>;
};

int main() {
  const annals::ProjectionType& type = annals::projection_type_of<Balances>();
  const auto query = type.query(annals::Upcasters{});
  const annals::Holder self = annals::make_holder();
  return type.table_count == 1 && query.items.size() == 1 &&
                 query.items[0].types == std::vector<std::string>{"money_deposited"} &&
                 annals::may_be_alive(self)
             ? 0
             : 1;
}
