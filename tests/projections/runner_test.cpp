// The runner: each event counts once, and what goes wrong is said.

#include <atomic>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "gate.hpp"
#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

class RunnerTest : public testing::Test {
 protected:
  EventStore& events() { return *events_; }
  ReadModelStore& rows() { return *rows_; }

  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  std::unique_ptr<ReadModelStore> rows_ = open_rows();
};

TEST_F(RunnerTest, TwoTablesAreFoldedUnderOneCheckpoint) {
  PlainStock plain;
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Stock>());
  const GoodsArrived arrived{"a", 10};
  const GoodsMoved moved{"a", "b", "Ada", 4};
  const auto receipt = append(events(), arrived, moved);
  plain.fold(arrived);
  plain.fold(moved);
  expect_reached(runner, "stock", receipt.last_position);
  expect_rows(rows(), plain);
  EXPECT_EQ(record_of(rows(), "stock").position(), receipt.last_position);
  EXPECT_EQ(record_of(rows(), "stock").checkpoint->link, receipt.link);
}

TEST_F(RunnerTest, ADroppedRowLeavesTheTableAndBeginsAnew) {
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Stock>());
  auto receipt = append(events(), GoodsArrived{"a", 10}, ShelfCleared{"a"}, ShelfCleared{"never"});
  expect_reached(runner, "stock", receipt.last_position);
  EXPECT_TRUE(all_rows<Shelf>(rows()).empty());
  receipt = append(events(), GoodsArrived{"b", 1}, ShelfCleared{"b"}, GoodsArrived{"b", 5});
  expect_reached(runner, "stock", receipt.last_position);
  receipt = append(events(), ShelfCleared{"b"}, GoodsArrived{"b", 7});
  expect_reached(runner, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Shelf>(rows()), (std::vector<Shelf>{{"b", 7, 1}}));
}

TEST_F(RunnerTest, AnEventThatNamesARowTwiceCountsOnce) {
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Stock>());
  const auto receipt = append(events(), GoodsMoved{"a", "a", "Ada", 4});
  expect_reached(runner, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Handling>(rows()), (std::vector<Handling>{{"Ada", "a", 1}}));
}

/// An event that touches three rows of one table.
struct Mention {
  std::string name;
  std::int64_t times = 0;
  ANNALS_ROW(Mention, "mentions", (name), times);
  using Events = annals::Events<GoodsMoved>;
  static std::array<std::string, 3> keys(const GoodsMoved& e) { return {e.from, e.to, e.by}; }
  void evolve(const GoodsMoved&) { ++times; }
  bool operator==(const Mention&) const = default;
};
struct Mentions {
  static constexpr auto name = "mentions";
  static constexpr int version = 1;
  using Tables = annals::Tables<Mention>;
};

TEST_F(RunnerTest, AnEventTouchesThreeRows) {
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Mentions>());
  const auto receipt =
      append(events(), GoodsMoved{"a", "b", "Ada", 4}, GoodsMoved{"b", "c", "Ada", 4});
  expect_reached(runner, "mentions", receipt.last_position);
  EXPECT_EQ(all_rows<Mention>(rows()),
            (std::vector<Mention>{{"Ada", 2}, {"a", 1}, {"b", 2}, {"c", 1}}));
}

TEST_F(RunnerTest, AFilterThatHardlyEverMatchesStillMovesItsCheckpoint) {
  AppendRequest request;
  request.checks = {{"warehouse-1", ExpectedVersion::any()}};
  for (int i = 0; i < 10'000; ++i) request.events.push_back(written(GoodsArrived{"a", 1}));
  for (int i = 0; i < 10; ++i) {
    AppendRequest copy = request;
    if (i == 7) copy.events[5'000] = written(GoodsCursed{"x"});
    ASSERT_TRUE(events().append(std::move(copy)));
  }
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Curses>());
  expect_reached(runner, "curses", GlobalPosition{100'000});
  auto record =
      rows().wait("curses", GlobalPosition{100'000}, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->position(), GlobalPosition{100'000});
  EXPECT_EQ(all_rows<Curse>(rows()).size(), 1U);
  EXPECT_EQ(runner.status("curses")->events_applied, 1U);
}

TEST_F(RunnerTest, AStatusTellsLagInEventsAndSeconds) {
  ProjectionRunner runner(events(), rows());
  ASSERT_TRUE(runner.add<Stock>());
  ASSERT_TRUE(rows().set_paused("stock", true));
  while (runner.status("stock")->activity != ProjectionActivity::paused) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  append(events(), GoodsArrived{"a", 1}, GoodsArrived{"a", 1});
  std::this_thread::sleep_for(milliseconds(20));
  const auto behind = *runner.status("stock");
  EXPECT_EQ(behind.lag_events, 2U);
  EXPECT_GE(behind.lag, milliseconds(20));
  EXPECT_TRUE(all_rows<Shelf>(rows()).empty());

  ASSERT_TRUE(rows().set_paused("stock", false));
  expect_reached(runner, "stock", GlobalPosition{2});
  EXPECT_EQ(runner.status("stock")->lag_events, 0U);
  EXPECT_EQ(runner.status("stock")->lag, milliseconds(0));
}

TEST_F(RunnerTest, ManyProjectionsShareOneThread) {
  ProjectionRunner runner(events(), rows(), {.threads = 1});
  ASSERT_TRUE((runner.add<Stock, Curses, Mentions>()));
  const auto receipt = append(events(), GoodsMoved{"a", "b", "Ada", 1}, GoodsCursed{"a"});
  for (const char* name : {"stock", "curses", "mentions"}) {
    expect_reached(runner, name, receipt.last_position);
  }
  EXPECT_FALSE(runner.add<Stock>()) << "twice";
  EXPECT_EQ(runner.status().size(), 3U);
  runner.stop();
  EXPECT_EQ(runner.status("stock")->activity, ProjectionActivity::stopped);
  EXPECT_FALSE(record_of(rows(), "stock").holder) << "the lease is given back";
  EXPECT_FALSE(runner.add<Stock>()) << "after stop";
}

/// A fold that cannot take what is cursed.
struct Fragile {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(Fragile, "fragile", (shelf), count);
  using Events = annals::Events<GoodsArrived, GoodsCursed>;
  static std::string keys(const auto& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { count += e.count; }
  void evolve(const GoodsCursed&) {
    if (cursed) throw std::runtime_error("the goods are cursed");
    count = 0;
  }
  static inline bool cursed = true;
};
struct FragileStock {
  static constexpr auto name = "fragile_stock";
  static constexpr int version = 1;
  using Tables = annals::Tables<Fragile>;
};

TEST_F(RunnerTest, AFoldThatFailsHaltsRightAtItsEventAndGoesOnAfterRetry) {
  Fragile::cursed = true;
  append(events(), GoodsArrived{"a", 1});
  append(events(), GoodsArrived{"a", 2});
  append(events(), GoodsArrived{"a", 4}, GoodsCursed{"a"}, GoodsArrived{"a", 8});
  append(events(), GoodsArrived{"a", 16});
  ProjectionRunner runner(events(), rows(), {.tries_max = 2, .retry_first = milliseconds(1)});
  ASSERT_TRUE(runner.add<FragileStock>());
  const auto stuck = runner.wait("fragile_stock", GlobalPosition{6}, patience);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, ErrorCode::unavailable);
  for (const char* part : {"goods_cursed", "warehouse-1", "position 4", "the goods are cursed"}) {
    EXPECT_NE(stuck.error().message.find(part), std::string::npos) << stuck.error().message;
  }
  const auto halted = record_of(rows(), "fragile_stock");
  EXPECT_EQ(halted.position(), GlobalPosition{2}) << "the appends before it are applied";
  EXPECT_NE(halted.failure.find("the goods are cursed"), std::string::npos);
  EXPECT_EQ(all_rows<Fragile>(rows()).at(0).count, 3);
  EXPECT_EQ(runner.status("fragile_stock")->activity, ProjectionActivity::halted);

  Fragile::cursed = false;
  ASSERT_TRUE(runner.retry("fragile_stock"));
  expect_reached(runner, "fragile_stock", GlobalPosition{6});
  EXPECT_EQ(all_rows<Fragile>(rows()).at(0).count, 24);
  EXPECT_EQ(record_of(rows(), "fragile_stock").failure, "");
}

TEST_F(RunnerTest, AHaltedProjectionGoesOnOnceItsFailureIsClearedInTheDatabase) {
  Fragile::cursed = true;
  append(events(), GoodsArrived{"a", 1}, GoodsCursed{"a"});
  ProjectionRunner runner(events(), rows(), {.tries_max = 1});
  ASSERT_TRUE(runner.add<FragileStock>());
  ASSERT_FALSE(runner.wait("fragile_stock", GlobalPosition{2}, patience));
  Fragile::cursed = false;
  ASSERT_TRUE(rows().clear_failure("fragile_stock")) << "as another process would";
  auto record =
      rows().wait("fragile_stock", GlobalPosition{2}, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->position(), GlobalPosition{2});
}

/// Hand-written SQL beside rows.
struct Tally {
  static constexpr auto name = "tally";
  static constexpr int version = 1;
  static constexpr auto schema =
      "CREATE TABLE tally (worker TEXT PRIMARY KEY, goods INTEGER NOT NULL) WITHOUT ROWID";
  using Tables = annals::Tables<Handling>;
  using SqlEvents = annals::Events<GoodsMoved>;
  static Result<void> apply(Sql& sql, const GoodsMoved& e, const EventInfo&) {
    auto done =
        sql.run("INSERT INTO tally VALUES (?1, ?2) ON CONFLICT DO UPDATE SET goods = goods + ?2",
                e.by, e.count);
    if (!done) return std::move(done).error();
    if (e.count < 0) return Error{.message = "a negative count"};
    return {};
  }
};
struct TallyRow {
  std::string worker;
  std::int64_t goods = 0;
  ANNALS_FIELDS(TallyRow, worker, goods);
  bool operator==(const TallyRow&) const = default;
};

std::vector<TallyRow> tally(const ReadModelStore& rows) {
  auto transaction = rows.read();
  auto found = (*transaction)->sql().query<TallyRow>("SELECT * FROM tally ORDER BY worker");
  EXPECT_TRUE(found) << to_string(found.error());
  return found ? *found : std::vector<TallyRow>{};
}

/// SQL that the database refuses when the same worker comes again.
struct FirstComers {
  static constexpr auto name = "first_comers";
  static constexpr int version = 1;
  static constexpr auto schema = "CREATE TABLE first_comers (worker TEXT PRIMARY KEY)";
  using SqlEvents = annals::Events<GoodsMoved>;
  static Result<void> apply(Sql& sql, const GoodsMoved& e, const EventInfo&) {
    auto done = sql.run("INSERT INTO first_comers VALUES (?1)", e.by);
    if (!done) return std::move(done).error();
    return {};
  }
};

TEST_F(RunnerTest, SqlThatTheDatabaseRefusesIsInTheFailureWithItsEvent) {
  ProjectionRunner runner(events(), rows(), {.tries_max = 1});
  ASSERT_TRUE(runner.add<FirstComers>());
  append(events(), GoodsMoved{"a", "b", "Ada", 1});
  append(events(), GoodsMoved{"a", "b", "Ada", 1});
  const auto stuck = runner.wait("first_comers", GlobalPosition{2}, patience);
  ASSERT_FALSE(stuck);
  for (const char* part : {"position 2", "UNIQUE", "INSERT INTO first_comers"}) {
    EXPECT_NE(stuck.error().message.find(part), std::string::npos) << stuck.error().message;
  }
}

TEST_F(RunnerTest, HandWrittenSqlIsInTheSameTransactionAsRowsAndCheckpoint) {
  ProjectionRunner runner(events(), rows(), {.tries_max = 1});
  ASSERT_TRUE(runner.add<Tally>());
  const auto good = append(events(), GoodsMoved{"a", "b", "Ada", 4});
  expect_reached(runner, "tally", good.last_position);
  append(events(), GoodsMoved{"a", "b", "Ada", 1}, GoodsMoved{"a", "b", "Bob", -1});
  EXPECT_FALSE(runner.wait("tally", GlobalPosition{3}, patience));
  EXPECT_EQ(tally(rows()), (std::vector<TallyRow>{{"Ada", 4}}));
  EXPECT_EQ(all_rows<Handling>(rows()).size(), 2U) << "Bob's rows are not there either";
  EXPECT_EQ(record_of(rows(), "tally").position(), good.last_position);
  EXPECT_NE(runner.status("tally")->last_error.find("position 3"), std::string::npos);
}

/// As Stock, but its row has a field of another name: what a program looks like after a change.
struct RenamedShelf {
  std::string shelf;
  std::int64_t goods = 0;
  ANNALS_ROW(RenamedShelf, "shelves", (shelf), goods);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { goods += e.count; }
};
struct RenamedStock {
  static constexpr auto name = "stock";
  static constexpr int version = 1;
  using Tables = annals::Tables<RenamedShelf>;
};
struct NewerStock : Stock {
  static constexpr int version = 2;
};

TEST_F(RunnerTest, ARenamedFieldOrARaisedVersionAsksForARebuild) {
  {
    ProjectionRunner runner(events(), rows());
    ASSERT_TRUE(runner.add<Stock>());
  }
  for (const ProjectionType* changed :
       {&projection_type_of<RenamedStock>(), &projection_type_of<NewerStock>()}) {
    ProjectionRunner runner(events(), rows());
    const auto refused = runner.add(*changed);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
    EXPECT_NE(refused.error().message.find("rebuild"), std::string::npos);
    EXPECT_TRUE(runner.add<Curses>()) << "the others go on";
  }
}

TEST_F(RunnerTest, AReadModelOfAnotherStoreIsRefused) {
  {
    append(events(), GoodsArrived{"a", 1});
    ProjectionRunner runner(events(), rows());
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  const auto other = make_memory_event_store({});
  append(*other, GoodsArrived{"a", 1});
  ProjectionRunner runner(*other, rows());
  const auto refused = runner.add<Stock>();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(all_rows<Shelf>(rows()).at(0).count, 1);
}

TEST_F(RunnerTest, OfTwoRunnersOneProjectsAndTheOtherStandsByUntilTheFirstStops) {
  auto first = std::make_unique<ProjectionRunner>(events(), rows());
  ASSERT_TRUE(first->add<Stock>());
  ProjectionRunner second(events(), rows());
  ASSERT_TRUE(second.add<Stock>());
  const auto waiting = *second.status("stock");
  EXPECT_EQ(waiting.activity, ProjectionActivity::standing_by);
  EXPECT_NE(waiting.last_error.find("pid "), std::string::npos) << waiting.last_error;
  auto receipt = append(events(), GoodsArrived{"a", 1});
  expect_reached(*first, "stock", receipt.last_position);
  first.reset();
  receipt = append(events(), GoodsArrived{"a", 1});
  expect_reached(second, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Shelf>(rows()), (std::vector<Shelf>{{"a", 2, 2}}));
}

TEST_F(RunnerTest, AZombieThatWasOvertakenBeforeItsCommitIsRefusedAndCounted) {
  append(events(), GoodsArrived{"a", 1});
  std::promise<void> at_the_gate;
  std::promise<void> opened;
  Gate gate(rows(), [&] {
    at_the_gate.set_value();
    opened.get_future().wait();
  });
  ProjectionRunner zombie(events(), gate, {.lease = milliseconds(1)});
  // The first step, which add() makes, ends at the gate.
  auto adding = std::async(std::launch::async, [&] { return zombie.add<Stock>(); });
  at_the_gate.get_future().wait();
  std::this_thread::sleep_for(milliseconds(5));
  {
    ProjectionRunner successor(events(), rows());
    ASSERT_TRUE(successor.add<Stock>());
    expect_reached(successor, "stock", GlobalPosition{1});
    opened.set_value();
    ASSERT_TRUE(adding.get());
    const auto status = *zombie.status("stock");
    EXPECT_EQ(status.fenced, 1U);
    EXPECT_EQ(all_rows<Shelf>(rows()), (std::vector<Shelf>{{"a", 1, 1}}));
  }
  // Once the successor has gone it may project again.
  const auto receipt = append(events(), GoodsArrived{"a", 1});
  expect_reached(zombie, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Shelf>(rows()), (std::vector<Shelf>{{"a", 2, 2}}));
}

}  // namespace
}  // namespace annals::warehouse
