#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "projections/warehouse.hpp"
#include "read_model_schema.hpp"

namespace annals::warehouse {

/// A worker's moves, as rows.
struct Worker {
  std::string worker;
  std::int64_t moves = 0;
  ANNALS_ROW(Worker, "workers", (worker), moves);
  using Events = annals::Events<GoodsMoved>;
  static std::string keys(const GoodsMoved& e) { return e.by; }
  void evolve(const GoodsMoved&) { ++moves; }
  bool operator==(const Worker&) const = default;
};

/// And goods by worker, in PostgreSQL's SQL.
struct Tally {
  static constexpr auto name = "tally";
  static constexpr int version = 1;
  static constexpr auto schema =
      "CREATE TABLE goods (worker text PRIMARY KEY, goods bigint NOT NULL)";
  using Tables = annals::Tables<Worker>;
  using SqlEvents = annals::Events<GoodsMoved>;
  static Result<void> apply(Sql& sql, const GoodsMoved& e, const EventInfo&) {
    auto done = sql.run(
        "INSERT INTO goods AS g VALUES (?1, ?2) ON CONFLICT (worker) DO UPDATE SET goods = g.goods "
        "+ excluded.goods",
        e.by, e.count);
    if (!done) return std::move(done).error();
    return {};
  }
};

inline std::map<std::string, std::int64_t> goods_in(const ReadModelStore& rows) {
  std::map<std::string, std::int64_t> goods;
  auto transaction = rows.read();
  EXPECT_TRUE(transaction) << to_string(transaction.error());
  if (!transaction) return goods;
  auto lines = (*transaction)->sql().query<TallyLine>("SELECT worker, goods FROM goods");
  EXPECT_TRUE(lines) << to_string(lines.error());
  if (!lines) return goods;
  for (const TallyLine& line : *lines) goods[line.worker] = line.goods;
  return goods;
}

}  // namespace annals::warehouse
