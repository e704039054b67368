// Folds done again: tables made anew while the old ones serve.

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

/// Stock after its program was changed: another field, another version.
struct CountedShelf {
  std::string shelf;
  std::int64_t arrivals = 0;
  ANNALS_ROW(CountedShelf, "shelves", (shelf), arrivals);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived&) { ++arrivals; }
  bool operator==(const CountedShelf&) const = default;
};
struct ChangedStock {
  static constexpr auto name = "stock";
  static constexpr int version = 2;
  using Tables = annals::Tables<CountedShelf>;
};

/// In a file and in memory: what is promised is the same.
class RebuildTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    rows_ = open_rows(GetParam() ? folder_.file("rows.db") : "");
    for (int i = 0; i < 300; ++i) {
      append(*events_, GoodsArrived{std::string(1, static_cast<char>('a' + i % 5)), 1},
             GoodsMoved{"a", "b", "Ada", 1});
    }
  }
  void project(const ProjectionType& projection) {
    ProjectionRunner runner(*events_, *rows_);
    auto added = runner.add(projection);
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(runner, projection.name, events_->head().position);
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  std::unique_ptr<ReadModelStore> rows_;
};

TEST_P(RebuildTest, GivesTheSameRowsAndTheRunnerGoesOnFromThere) {
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Stock>());
  expect_reached(runner, "stock", events_->head().position);
  const auto before = all_rows<Shelf>(*rows_);
  const auto rebuilt = rebuild(*events_, *rows_, projection_type_of<Stock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_EQ(rebuilt->events, 600U);
  EXPECT_FALSE(rebuilt->resumed);
  EXPECT_EQ(all_rows<Shelf>(*rows_), before);
  const auto receipt = append(*events_, GoodsArrived{"z", 1});
  expect_reached(runner, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Shelf>(*rows_).size(), before.size() + 1);
}

TEST_P(RebuildTest, IsTheWayFromAnOlderDefinitionToThePresentOne) {
  project(projection_type_of<Stock>());
  const auto rebuilt = rebuild(*events_, *rows_, projection_type_of<ChangedStock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_EQ(all_rows<CountedShelf>(*rows_).at(0), (CountedShelf{"a", 60}));
  EXPECT_EQ(record_of(*rows_, "stock").version, 2U);
  EXPECT_EQ(record_of(*rows_, "stock").tables, std::vector<std::string>{"shelves"})
      << "the table that the new definition does not have is gone";
  project(projection_type_of<ChangedStock>());
}

TEST_P(RebuildTest, IsTheWayFromAReadModelOfAnotherHistory) {
  project(projection_type_of<Stock>());
  events_ = make_memory_event_store({});
  append(*events_, GoodsArrived{"only", 7});
  const auto rebuilt = rebuild(*events_, *rows_, projection_type_of<Stock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_EQ(all_rows<Shelf>(*rows_), (std::vector<Shelf>{{"only", 7, 1}}));
  project(projection_type_of<Stock>());
}

TEST_P(RebuildTest, ReadersNeverSeeHalfOfIt) {
  project(projection_type_of<Stock>());
  const auto whole = all_rows<Shelf>(*rows_);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) EXPECT_EQ(all_rows<Shelf>(*rows_), whole);
    });
  }
  for (int i = 0; i < 5; ++i) {
    // A busy database in memory has one lock: a rebuild may have to be asked for again.
    auto rebuilt = rebuild(*events_, *rows_, projection_type_of<Stock>(), {.batch_events = 7});
    if (!rebuilt && rebuilt.error().code == ErrorCode::unavailable) continue;
    EXPECT_TRUE(rebuilt) << to_string(rebuilt.error());
  }
  done.store(true);
  for (auto& reader : readers) reader.join();
}

TEST_P(RebuildTest, StoppedByItsCallerItGoesOnLaterOrFromScratchIfAsked) {
  project(projection_type_of<Stock>());
  RebuildOptions options{.batch_events = 10};
  options.progress = [](const RebuildProgress&) { return false; };
  const auto stopped = rebuild(*events_, *rows_, projection_type_of<Stock>(), options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::unavailable);
  EXPECT_EQ(record_of(*rows_, "stock").position(), events_->head().position) << "still served";
  const auto rest = rebuild(*events_, *rows_, projection_type_of<Stock>());
  ASSERT_TRUE(rest) << to_string(rest.error());
  if (GetParam()) {  // In memory nothing is left.
    EXPECT_TRUE(rest->resumed);
    EXPECT_LT(rest->events, 600U);
  }
  const auto all = rebuild(*events_, *rows_, projection_type_of<Stock>(), {.from_scratch = true});
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_FALSE(all->resumed);
  EXPECT_EQ(all->events, 600U);
}

TEST_P(RebuildTest, AFoldThatFailsEndsItAndLeavesTheOldTables) {
  project(projection_type_of<Stock>());
  AppendRequest request;
  request.events = {{.stream = "warehouse-1", .type = "goods_arrived", .data = R"({"shelf":5})"}};
  request.checks = {{"warehouse-1", ExpectedVersion::any()}};
  ASSERT_TRUE(events_->append(std::move(request)));
  const auto before = all_rows<Shelf>(*rows_);
  const auto failed = rebuild(*events_, *rows_, projection_type_of<Stock>());
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("position 601"), std::string::npos)
      << to_string(failed.error());
  EXPECT_EQ(all_rows<Shelf>(*rows_), before);
}

TEST_P(RebuildTest, AScratchWithAnEarlierCutIsFoldedOnFromThere) {
  const auto scratch = open_rows(GetParam() ? folder_.file("scratch.db") : "");
  for (const std::uint64_t position : {100, 100, 400}) {
    const auto cut = project_as_of(*events_, *scratch, projection_type_of<Stock>(),
                                   {.as_of = AsOf::position({position})});
    ASSERT_TRUE(cut) << to_string(cut.error());
    std::int64_t moves = 0;
    for (const Handling& handling : all_rows<Handling>(*scratch)) moves += handling.moves;
    EXPECT_EQ(moves, static_cast<std::int64_t>(position)) << "each move touches two shelves";
  }
}

INSTANTIATE_TEST_SUITE_P(Places, RebuildTest, testing::Values(true, false),
                         [](const testing::TestParamInfo<bool>& place) {
                           return std::string(place.param ? "File" : "Memory");
                         });

}  // namespace
}  // namespace annals::warehouse
