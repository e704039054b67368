// A program that projects into SQLite, and reads a row back.
#include <cstdio>
#include <string>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rows.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

struct GoodsArrived {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_EVENT(GoodsArrived, "goods_arrived", shelf, count);
};

struct Shelf {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(Shelf, "shelves", (shelf), count);

  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { count += e.count; }
};

struct Stock {
  static constexpr auto name = "stock";
  static constexpr int version = 1;
  using Tables = annals::Tables<Shelf>;
};

int main() {
  const auto store = annals::make_memory_event_store();
  const auto rows = annals::open_sqlite_read_models({});
  if (!rows) return std::puts(to_string(rows.error()).c_str()), 1;
  annals::ProjectionRunner runner(*store, **rows);
  if (!runner.add<Stock>()) return 2;
  for (const std::int64_t count : {1, 2}) {
    auto text = annals::to_json(GoodsArrived{"a", count});
    auto receipt = store->append(
        {.events = {{.stream = "warehouse-1", .type = "goods_arrived", .data = *text}},
         .checks = {{"warehouse-1", annals::ExpectedVersion::any()}}});
    if (!receipt) return 3;
  }
  if (!runner.wait("stock", store->head().position, std::chrono::seconds(10))) return 4;
  const auto transaction = (*rows)->read();
  if (!transaction) return 5;
  const auto shelf = annals::Rows(**transaction).find<Shelf>("a");
  return shelf && *shelf && (*shelf)->count == 3 ? 0 : 6;
}
