// The program of docs/how-to/read_models.md. Its output is part of the test: see CMakeLists.txt.

// clang-format off
#include <iostream>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/session.hpp>

#include "orders.hpp"

int failed(const annals::Error& error) {
  std::cerr << to_string(error) << '\n';
  return 1;
}

// [docs:asking]
int main() {
  const auto store = annals::open_log_event_store({.path = "orders-log"});
  if (!store) return failed(store.error());
  const auto rows = annals::open_sqlite_read_models({.path = "orders-log/read-models.db"});
  if (!rows) return failed(rows.error());

  annals::CommandBus commands(**store);
  commands.add<Order>();
  // Whether one has halted, and why, is in runner.status() too: watch one of them.
  annals::ProjectionRunner runner(**store, **rows, {.on_change = [](std::string_view projection) {
    std::clog << projection << " goes on, waits or has halted: see runner.status()\n";
  }});
  if (auto added = runner.add<Orders, Customers>(); !added) return failed(added.error());
  annals::QueryBus queries(**store, **rows, {.scratch = [] { return annals::open_sqlite_read_models({}); }});

  // A session sees what it wrote.
  annals::Session session;
  for (const char* id : {"1", "2"}) {
    const auto placed = commands.send(id, PlaceOrder{"ada", {"pen", "ink"}});
    if (!placed) return failed(placed.error());
    if (auto seen = session.observe(placed->token()); !seen) return failed(seen.error());
  }
  const auto mine = queries.ask(OrdersOf{"ada"}, session.consistency());
  if (!mine) return failed(mine.error());
  std::cout << mine->value.size() << " orders at position " << to_string(mine->token.position) << '\n';

  // Another service does as well, with the token as text.
  if (auto cancelled = commands.send("2", CancelOrder{}); !cancelled) return failed(cancelled.error());
  const auto now = queries.ask(OrdersOf{"ada"}, annals::Consistency::strong());
  if (!now) return failed(now.error());
  const auto token = annals::parse_token(to_string(now->token));
  const auto wanted = queries.ask(MostWanted{}, annals::Consistency::at_least(*token));
  if (!wanted) return failed(wanted.error());
  for (const Wanted& row : wanted->value) std::cout << row.goods << ": " << row.orders << '\n';

  // The same query, of the past.
  const auto then = queries.ask(OrdersOf{"ada"}, annals::Consistency::as_of(annals::AsOf::position({2})));
  if (!then) return failed(then.error());
  std::cout << now->value.size() << " order now, " << then->value.size() << " at position 2\n";
}
// [docs:asking]
// clang-format on
