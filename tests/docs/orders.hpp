// Orders, their read models and queries: what the programs of docs/how-to/read_models.md and
// postgres.md share.

#pragma once

// clang-format off
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/commands/command_bus.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/queries/query_bus.hpp>

using annals::Decision, annals::EventInfo, annals::Result;

struct OrderPlaced    { std::string customer; std::vector<std::string> goods; ANNALS_EVENT(OrderPlaced, "order_placed", customer, goods); };
struct OrderCancelled { std::vector<std::string> goods;                       ANNALS_EVENT(OrderCancelled, "order_cancelled", goods); };
struct PlaceOrder     { std::string customer; std::vector<std::string> goods; ANNALS_COMMAND(PlaceOrder, "place_order", customer, goods); };
struct CancelOrder    {                                                       ANNALS_COMMAND(CancelOrder, "cancel_order"); };

struct Order {
  static constexpr auto category = "order";
  using Events   = annals::Events<OrderPlaced, OrderCancelled>;
  using Commands = annals::Commands<PlaceOrder, CancelOrder>;

  std::vector<std::string> goods{};
  ANNALS_STATE(Order, goods);

  void evolve(const OrderPlaced& e)  { goods = e.goods; }
  void evolve(const OrderCancelled&) { goods.clear(); }

  Decision decide(const PlaceOrder& c) const { return OrderPlaced{c.customer, c.goods}; }
  Decision decide(const CancelOrder&) const  { return OrderCancelled{goods}; }
};

// [docs:rows]
// One row for each order. It leaves the table when the order is cancelled.
struct OpenOrder {
  std::string id;
  std::string customer;
  std::int64_t items = 0;
  ANNALS_ROW(OpenOrder, "open_orders", (id), customer, items);
  static constexpr std::string_view indexes[] = {"customer"};

  using Events = annals::Events<OrderPlaced, OrderCancelled>;
  static std::string keys(const auto&, const EventInfo& info) { return annals::id_of(info.stream); }
  void evolve(const OrderPlaced& e) {
    customer = e.customer;
    items = static_cast<std::int64_t>(e.goods.size());
  }
  bool drop(const OrderCancelled&) const { return true; }
};

// One row for each kind of goods: an event touches as many rows as it has keys.
struct Demand {
  std::string goods;
  std::int64_t orders = 0;
  ANNALS_ROW(Demand, "demand", (goods), orders);

  using Events = annals::Events<OrderPlaced, OrderCancelled>;
  static std::vector<std::string> keys(const auto& e) { return e.goods; }
  void evolve(const OrderPlaced&)    { ++orders; }
  void evolve(const OrderCancelled&) { --orders; }
};

// Both tables move together, in one transaction with their place in the log.
struct Orders {
  static constexpr auto name = "orders";
  static constexpr int version = 1;
  using Tables = annals::Tables<OpenOrder, Demand>;
};
// [docs:rows]

// [docs:sql]
struct Customers {
  static constexpr auto name = "customers";
  static constexpr int version = 1;
  static constexpr auto schema = "CREATE TABLE customers (name TEXT PRIMARY KEY, orders INTEGER NOT NULL);";
  using SqlEvents = annals::Events<OrderPlaced>;
  static Result<void> apply(annals::Sql& sql, const OrderPlaced& e, const EventInfo&) {
    auto done = sql.run("INSERT INTO customers VALUES (?1, 1) "
                        "ON CONFLICT (name) DO UPDATE SET orders = customers.orders + 1", e.customer);
    if (!done) return std::move(done).error();
    return {};
  }
};
// [docs:sql]

// [docs:queries]
struct OrdersOf {
  std::string customer;
  using Projection = Orders;
  Result<std::vector<OpenOrder>> answer(annals::Rows& rows) const {
    return rows.where<OpenOrder>("WHERE customer = ?1 ORDER BY id", customer);
  }
};
struct Wanted { std::string goods; std::int64_t orders = 0; ANNALS_FIELDS(Wanted, goods, orders); };
struct MostWanted {
  std::int64_t count = 3;
  using Projection = Orders;
  Result<std::vector<Wanted>> answer(annals::Rows& rows) const {
    return rows.query<Wanted>(
        "SELECT goods, orders FROM demand WHERE orders > 0 ORDER BY orders DESC, goods LIMIT ?1", count);
  }
};
// [docs:queries]
// clang-format on
