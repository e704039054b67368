// A program that sends commands.
#include <cstdio>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/money.hpp>
#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/memory_event_store.hpp>

struct MoneyDeposited {
  annals::Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};

struct Deposit {
  annals::Money amount{};
  ANNALS_COMMAND(Deposit, "deposit", amount);
};

struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited>;
  using Commands = annals::Commands<Deposit>;

  annals::Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyDeposited& e) { balance += e.amount; }
  annals::Decision decide(const Deposit& c) const {
    if (!c.amount.is_positive()) return annals::reject("bad-amount", "deposit more than nothing");
    return MoneyDeposited{c.amount};
  }
};

int main() {
  using namespace annals::literals;
  const auto store = annals::make_memory_event_store();
  annals::CommandBus bus(*store);
  bus.add<Account>();
  const auto accepted = bus.send("1", Deposit{10.50_eur});
  const auto refused = bus.send("1", Deposit{0.00_eur});
  return accepted && !refused && refused.error().code == annals::ErrorCode::rejected &&
                 refused.error().rule == "bad-amount" && store->head().position.value == 1
             ? 0
             : 1;
}
