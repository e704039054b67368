// Tills that ring up amounts, a table of them that remembers who asked, and queries of it.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

namespace annals::observability_test {

struct RungUp {
  std::int64_t amount = 0;
  ANNALS_EVENT(RungUp, "rung_up", amount);
};
struct RingUp {
  std::int64_t amount = 0;
  ANNALS_COMMAND(RingUp, "ring_up", amount);
};

/// Another writer, between load and append, once: of commands sent by this thread.
inline thread_local std::function<void()> while_deciding;

struct Till {
  static constexpr auto category = "till";
  using Events = annals::Events<RungUp>;
  using Commands = annals::Commands<RingUp>;

  std::int64_t total = 0;
  ANNALS_STATE(Till, total);

  void evolve(const RungUp& e) { total += e.amount; }
  Decision decide(const RingUp& c) const {
    if (const auto meanwhile = std::exchange(while_deciding, {})) meanwhile();
    if (c.amount < 0) return reject("negative", "nothing is rung up");
    if (c.amount == 0) return {};
    return RungUp{c.amount};
  }
};

/// The amount that the fold of TillLine does not survive.
constexpr std::int64_t unlucky = 13;

struct TillLine {
  std::string till;
  std::int64_t total = 0;
  std::string last_trace;
  ANNALS_ROW(TillLine, "tills", (till), total, last_trace);

  using Events = annals::Events<RungUp>;
  static std::string keys(const RungUp&, const EventInfo& info) { return id_of(info.stream); }
  void evolve(const RungUp& e, const EventInfo& info) {
    if (e.amount == unlucky) throw std::runtime_error("unlucky");
    total += e.amount;
    last_trace = std::string(info.traceparent.value_or(""));
  }
};

struct Tills {
  static constexpr auto name = "tills";
  static constexpr int version = 1;
  using Tables = annals::Tables<TillLine>;
};

struct TillOf {
  std::string till;
  ANNALS_FIELDS(TillOf, till);
  using Projection = Tills;
  Result<std::optional<TillLine>> answer(Rows& rows) const { return rows.find<TillLine>(till); }
};

constexpr std::chrono::seconds patience{60};

/// A store, rows, and what works on them. Measured and watched only by the tests.
class Shop : public testing::Test {
 protected:
  void SetUp() override {
    auto rows = open_sqlite_read_models({});
    ASSERT_TRUE(rows) << to_string(rows.error());
    rows_ = *std::move(rows);
    bus_ = std::make_unique<CommandBus>(*store_);
    bus_->add<Till>();
    queries_ = std::make_unique<QueryBus>(*store_, *rows_);
  }
  void project(std::uint32_t partitions = 1) {
    runner_ = std::make_unique<ProjectionRunner>(*store_, *rows_);
    auto added = runner_->add<Tills>(partitions);
    ASSERT_TRUE(added) << to_string(added.error());
  }
  Receipt ring_up(std::int64_t amount, const std::string& till = "1") {
    auto sent = bus_->send(till, RingUp{amount});
    EXPECT_TRUE(sent) << to_string(sent.error());
    return sent ? sent->receipt : Receipt{};
  }
  void expect_projected() {
    auto reached = runner_->wait("tills", store_->head().position, patience);
    EXPECT_TRUE(reached) << to_string(reached.error());
  }
  void pause_projection() {
    ASSERT_TRUE(rows_->set_paused("tills", true));
    while (runner_->status("tills")->activity != ProjectionActivity::paused) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void halt_projection() {
    ring_up(unlucky);
    auto reached = runner_->wait("tills", store_->head().position, patience);
    ASSERT_FALSE(reached) << "it did not halt";
    ASSERT_EQ(runner_->status("tills")->activity, ProjectionActivity::halted);
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  std::unique_ptr<ReadModelStore> rows_;
  std::unique_ptr<ReadModelStore> measured_rows_;  // If a test wants it so.
  std::unique_ptr<CommandBus> bus_;
  std::unique_ptr<QueryBus> queries_;
  std::unique_ptr<ProjectionRunner> runner_;
};

}  // namespace annals::observability_test
