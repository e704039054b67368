// The program of docs/how-to/postgres.md. Its word is the URL of a database.

// clang-format off
#include <chrono>
#include <iostream>

// [docs:includes]
#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
// [docs:includes]
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/session.hpp>

#include "orders.hpp"

int failed(const annals::Error& error) {
  std::cerr << to_string(error) << '\n';
  return 1;
}

// [docs:main]
int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "needs the URL of a database\n", 2;
  const auto store = annals::open_postgres_event_store({.url = argv[1], .schema = "orders"});
  if (!store) return failed(store.error());
  const auto rows = annals::open_postgres_read_models({.url = argv[1], .schema = "orders_read_models"});
  if (!rows) return failed(rows.error());

  annals::CommandBus commands(**store);
  commands.add<Order>();
  annals::ProjectionRunner runner(**store, **rows);
  if (auto added = runner.add<Orders, Customers>(); !added) return failed(added.error());
  // Answers of the past are folded in SQLite, in memory.
  annals::QueryBus queries(**store, **rows, {.scratch = [] { return annals::open_sqlite_read_models({}); }});

  const auto placed = commands.send("1", PlaceOrder{"ada", {"pen", "ink"}});
  if (!placed) return failed(placed.error());
  const auto orders = queries.ask(OrdersOf{"ada"}, annals::Consistency::at_least(placed->token()));
  if (!orders) return failed(orders.error());
  std::cout << orders->value.size() << " order at position " << to_string(orders->token.position) << '\n';

  if (auto seen = runner.wait("customers", orders->token.position, std::chrono::seconds(10)); !seen) return failed(seen.error());
  for (const annals::ProjectionStatus& status : runner.status()) {
    std::cout << status.projection << " is at " << to_string(status.position) << ", "
              << to_string(status.activity) << (status.last_error.empty() ? "" : ": " + status.last_error) << '\n';
  }
}
// [docs:main]
// clang-format on
