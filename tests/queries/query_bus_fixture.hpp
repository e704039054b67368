// A store, a read model of the warehouse and a query bus over both, for the tests of queries/.

#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/queries/query_bus.hpp>
#include <annals/testkit/manual_clock.hpp>

#include "projections/warehouse.hpp"

namespace annals::warehouse {

using std::chrono::milliseconds;

struct CountOf {
  std::string shelf;
  using Projection = Stock;
  Result<std::int64_t> answer(Rows& rows) const {
    auto row = rows.find<Shelf>(shelf);
    if (!row) return std::move(row).error();
    return *row ? (*row)->count : 0;
  }
};

/// A sum: leaving events out gives a sum that could be.
struct Arrival {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(Arrival, "arrivals", (shelf), count);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { count += e.count; }
  bool operator==(const Arrival&) const = default;
};
struct Arrivals {
  static constexpr auto name = "arrivals";
  static constexpr int version = 1;
  static constexpr bool order_free = true;
  using Tables = annals::Tables<Arrival>;
};
struct AllArrivals {
  using Projection = Arrivals;
  Result<std::vector<Arrival>> answer(Rows& rows) const { return rows.all<Arrival>(); }
};
/// Names one projection and reads the table of another.
struct ArrivalsOutOfStock {
  using Projection = Stock;
  Result<std::vector<Arrival>> answer(Rows& rows) const { return rows.all<Arrival>(); }
};
struct StockAndArrivals {
  using Projections = ProjectionList<Stock, Arrivals>;
  Result<bool> answer(Rows& rows) const {
    auto shelf = rows.find<Shelf>("a");
    auto arrival = rows.find<Arrival>("a");
    return shelf && arrival && *shelf && *arrival && (*shelf)->count == (*arrival)->count;
  }
};

class QueryBusTest : public testing::Test {
 protected:
  QueryBusTest() {
    options_.scratch = [] { return open_sqlite_read_models({}); };
    bus_ = std::make_unique<QueryBus>(*events_, *rows_, options_);
  }
  void project() {
    runner_ = std::make_unique<ProjectionRunner>(*events_, *rows_);
    auto added = runner_->add<Stock, Arrivals>();
    ASSERT_TRUE(added) << to_string(added.error());
  }
  /// What a projector that is behind looks like: it does nothing until it is let go.
  void hold_projector() {
    for (const char* name : {"stock", "arrivals"}) ASSERT_TRUE(rows_->set_paused(name, true));
    while (runner_->status("stock")->activity != ProjectionActivity::paused ||
           runner_->status("arrivals")->activity != ProjectionActivity::paused) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  void let_projector_go() {
    for (const char* name : {"stock", "arrivals"}) {
      ASSERT_TRUE(rows_->set_paused(name, false));
      // So that a later hold does not take this pause for its own.
      while (runner_->status(name)->activity == ProjectionActivity::paused) {
        std::this_thread::sleep_for(milliseconds(5));
      }
    }
  }
  static Token token_of(const Receipt& receipt) {
    return {receipt.store, receipt.era, receipt.last_position};
  }

  std::shared_ptr<testkit::ManualClock> clock_ = std::make_shared<testkit::ManualClock>();
  std::unique_ptr<EventStore> events_ = make_memory_event_store({.clock = clock_});
  std::unique_ptr<ReadModelStore> rows_ = open_rows();
  QueryOptions options_;
  std::unique_ptr<QueryBus> bus_;
  std::unique_ptr<ProjectionRunner> runner_;
};

}  // namespace annals::warehouse
