#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rows.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

// A warehouse: goods arrive at shelves, move between them, and shelves are cleared away.
namespace annals::warehouse {

// clang-format off
struct GoodsArrived { std::string shelf; std::int64_t count = 0; ANNALS_EVENT(GoodsArrived, "goods_arrived", shelf, count); };
struct GoodsMoved   { std::string from; std::string to; std::string by; std::int64_t count = 0; ANNALS_EVENT(GoodsMoved, "goods_moved", from, to, by, count); };
struct ShelfCleared { std::string shelf; ANNALS_EVENT(ShelfCleared, "shelf_cleared", shelf); };
struct GoodsCursed  { std::string shelf; ANNALS_EVENT(GoodsCursed, "goods_cursed", shelf); };
// clang-format on

/// What a shelf holds. A move touches both shelves.
struct Shelf {
  std::string shelf;
  std::int64_t count = 0;
  std::int64_t events = 0;
  ANNALS_ROW(Shelf, "shelves", (shelf), count, events);
  static constexpr auto comment = "what each shelf holds";
  static constexpr std::string_view indexes[] = {"count"};

  using Events = annals::Events<GoodsArrived, GoodsMoved, ShelfCleared>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  static std::vector<std::string> keys(const GoodsMoved& e) { return {e.from, e.to}; }
  static std::string keys(const ShelfCleared& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { add(e.count); }
  void evolve(const GoodsMoved& e) {
    if (e.from == e.to) return add(0);
    add(shelf == e.from ? -e.count : e.count);
  }
  bool drop(const ShelfCleared&) const { return true; }

  void add(std::int64_t more) {
    count += more;
    ++events;
  }
  bool operator==(const Shelf&) const = default;
};

/// What a worker did to a shelf: a key of two columns.
struct Handling {
  std::string worker;
  std::string shelf;
  std::int64_t moves = 0;
  ANNALS_ROW(Handling, "handlings", (worker, shelf), moves);

  using Events = annals::Events<GoodsMoved>;
  static std::vector<RowKey<Handling>> keys(const GoodsMoved& e) {
    return {{e.by, e.from}, {e.by, e.to}};
  }
  void evolve(const GoodsMoved&) { ++moves; }
  bool operator==(const Handling&) const = default;
};

struct Stock {
  static constexpr auto name = "stock";
  static constexpr int version = 1;
  static constexpr bool order_free = false;  // A shelf that is cleared forgets what came before.
  using Tables = annals::Tables<Shelf, Handling>;
};

/// Goods by worker, in SQL written by hand; a test may stop its process in the middle of a commit.
inline bool stop_in_commit = false;
struct SlowTally {
  static constexpr auto name = "slow_tally";
  static constexpr int version = 1;
  static constexpr auto schema =
      "CREATE TABLE slow_tally (worker TEXT PRIMARY KEY, goods INTEGER NOT NULL) WITHOUT ROWID";
  using SqlEvents = annals::Events<GoodsMoved>;
  static Result<void> apply(Sql& sql, const GoodsMoved& e, const EventInfo&) {
    auto done = sql.run(
        "INSERT INTO slow_tally VALUES (?1, ?2) ON CONFLICT DO UPDATE SET goods = goods + ?2", e.by,
        e.count);
    if (!done) return std::move(done).error();
    if (std::exchange(stop_in_commit, false)) std::raise(SIGSTOP);
    return {};
  }
};
struct TallyLine {
  std::string worker;
  std::int64_t goods = 0;
  ANNALS_FIELDS(TallyLine, worker, goods);
  bool operator==(const TallyLine&) const = default;
};

/// The events of interest are few.
struct Curse {
  std::string shelf;
  std::int64_t times = 0;
  ANNALS_ROW(Curse, "curses", (shelf), times);
  using Events = annals::Events<GoodsCursed>;
  static std::string keys(const GoodsCursed& e) { return e.shelf; }
  void evolve(const GoodsCursed&) { ++times; }
};
struct Curses {
  static constexpr auto name = "curses";
  static constexpr int version = 1;
  using Tables = annals::Tables<Curse>;
};

using Shelves = std::map<std::string, Shelf>;
using Handlings = std::map<std::pair<std::string, std::string>, Handling>;

/// What Stock comes to, folded without annals.
struct PlainStock {
  Shelves shelves;
  Handlings handlings;

  void fold(const GoodsArrived& e) { touch(e.shelf, e.count); }
  void fold(const GoodsMoved& e) {
    if (e.from == e.to) {
      touch(e.from, 0);
    } else {
      touch(e.from, -e.count);
      touch(e.to, e.count);
    }
    handle(e.by, e.from);
    if (e.from != e.to) handle(e.by, e.to);
  }
  void fold(const ShelfCleared& e) { shelves.erase(e.shelf); }

 private:
  void touch(const std::string& shelf, std::int64_t more) {
    Shelf& row = shelves[shelf];
    row.shelf = shelf;
    row.count += more;
    ++row.events;
  }
  void handle(const std::string& worker, const std::string& shelf) {
    Handling& row = handlings[{worker, shelf}];
    row.worker = worker;
    row.shelf = shelf;
    ++row.moves;
  }
};

template <typename E>
NewEvent written(const E& event, std::string stream = "warehouse-1") {
  auto text = to_json(event);
  EXPECT_TRUE(text) << to_string(text.error());
  return {
      .stream = std::move(stream), .type = std::string(event_name<E>()), .data = text ? *text : ""};
}

/// One append of these events.
template <typename... E>
Receipt append(EventStore& store, const E&... events) {
  AppendRequest request;
  (request.events.push_back(written(events)), ...);
  request.checks = {{"warehouse-1", ExpectedVersion::any()}};
  auto receipt = store.append(std::move(request));
  EXPECT_TRUE(receipt) << to_string(receipt.error());
  return receipt ? *receipt : Receipt{};
}

inline std::unique_ptr<ReadModelStore> open_rows(std::string path = {}) {
  auto opened = open_sqlite_read_models({.path = std::move(path)});
  EXPECT_TRUE(opened) << to_string(opened.error());
  return opened ? *std::move(opened) : nullptr;
}

template <Row R>
std::vector<R> all_rows(const ReadModelStore& store) {
  auto transaction = store.read();
  EXPECT_TRUE(transaction) << to_string(transaction.error());
  if (!transaction) return {};
  auto rows = Rows(**transaction).all<R>();
  EXPECT_TRUE(rows) << to_string(rows.error());
  return rows ? *std::move(rows) : std::vector<R>{};
}

inline void expect_rows(const ReadModelStore& store, const PlainStock& plain) {
  std::vector<Shelf> shelves;
  for (const auto& [name, shelf] : plain.shelves) shelves.push_back(shelf);
  std::vector<Handling> handlings;
  for (const auto& [key, handling] : plain.handlings) handlings.push_back(handling);
  EXPECT_EQ(all_rows<Shelf>(store), shelves);
  EXPECT_EQ(all_rows<Handling>(store), handlings);
}

inline CheckpointRecord record_of(const ReadModelStore& store, std::string_view projection) {
  auto records = store.records();
  EXPECT_TRUE(records) << to_string(records.error());
  if (records) {
    for (const CheckpointRecord& record : wholes_of(*records)) {
      if (record.projection == projection) return record;
    }
  }
  ADD_FAILURE() << "there is no projection " << projection;
  return {};
}

/// Long enough that only something that does not happen lets it pass.
constexpr std::chrono::seconds patience{60};

inline void expect_reached(const ProjectionRunner& runner, std::string_view projection,
                           GlobalPosition position) {
  auto reached = runner.wait(projection, position, patience);
  EXPECT_TRUE(reached) << to_string(reached.error());
}

}  // namespace annals::warehouse
