// A program that folds events into an aggregate without a command bus.
#include <cstdio>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/money.hpp>
#include <annals/eventstore/memory_event_store.hpp>

struct MoneyDeposited {
  annals::Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};

struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited>;

  annals::Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyDeposited& e) { balance += e.amount; }
};

int main() {
  using namespace annals::literals;
  const auto store = annals::make_memory_event_store();
  for (int i = 0; i < 2; ++i) {
    const auto receipt = store->append({.events = {{.stream = "account-1",
                                                    .type = "money_deposited",
                                                    .data = R"({"amount":"10.50 EUR"})"}},
                                        .checks = {{"account-1", annals::ExpectedVersion::any()}}});
    if (!receipt) return 1;
  }
  const annals::Repository<Account> accounts(*store);
  const auto now = accounts.load("1");
  const auto before = accounts.load("1", annals::AsOf::position({1}));
  return now && now->state.balance == 21.00_eur && before && before->state.balance == 10.50_eur ? 0
                                                                                                : 1;
}
