// One projection, several runners, each with a part of its rows.

#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

// The answers are fixed: rows must fall to the same partition on every machine, for ever.
TEST(PartitionOf, GivesTheKnownAnswers) {
  const struct {
    std::vector<Cell> key;
    std::array<std::uint32_t, 5> of;
  } known[] = {{{"a"}, {0, 0, 0, 1, 232}},
               {{"account-42"}, {0, 1, 1, 3, 17}},
               {{"Ada", "a"}, {0, 0, 0, 2, 84}},
               {{"größe"}, {0, 0, 0, 4, 200}},
               {{std::int64_t{0}}, {0, 0, 2, 0, 114}},
               {{std::int64_t{-1}}, {0, 0, 0, 3, 192}},
               {{std::int64_t{42}}, {0, 1, 1, 0, 33}},
               {{0.0}, {0, 1, 3, 5, 183}},
               {{-0.0}, {0, 1, 3, 5, 183}},
               {{1.5}, {0, 1, 1, 6, 89}},
               {{Cell()}, {0, 0, 2, 0, 146}},
               {{""}, {0, 1, 1, 1, 81}},
               {{}, {0, 1, 3, 5, 155}}};
  constexpr std::array<std::uint32_t, 5> counts{1, 2, 4, 7, 256};
  for (const auto& [key, of] : known) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      EXPECT_EQ(partition_of(key, counts[i]), of[i]) << "key " << &key - &known[0].key;
    }
  }
}

TEST(PartitionOf, SpreadsKeysThatAreMuchAlike) {
  std::array<int, 4> of{};
  for (std::int64_t i = 0; i < 4'000; ++i) ++of[partition_of(std::vector<Cell>{i * 2}, 4)];
  for (const int keys : of) {
    EXPECT_GT(keys, 800);
    EXPECT_LT(keys, 1'200);
  }
}

class PartitionsTest : public testing::Test {
 protected:
  void append_some(int events) {
    for (int i = 0; i < events; ++i) {
      const std::string from(1, static_cast<char>('a' + i % 12));
      const std::string to(1, static_cast<char>('a' + i % 7));
      const GoodsMoved moved{from, to, i % 3 == 0 ? "Ada" : "Bob", i};
      append(*events_, moved);
      plain_.fold(moved);
    }
  }
  static std::size_t held_by(const ProjectionRunner& runner) {
    std::size_t held = 0;
    const auto status = runner.status("stock");
    for (const PartitionStatus& partition : status->partitions) held += partition.epoch > 0 ? 1 : 0;
    return held;
  }
  /// For as long as it takes; the test's own time limit ends it otherwise.
  static void wait_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(milliseconds(2));
    }
  }

  testkit::TemporaryFolder folder_;
  const std::string file_ = folder_.file("rows.db");
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  PlainStock plain_;
};

TEST_F(PartitionsTest, OneRunnerWithAllOfThemMakesTheRowsOfOneFold) {
  append_some(300);
  const auto rows = open_rows();
  ProjectionRunner runner(*events_, *rows, {.threads = 3, .batch_events = 16});
  auto added = runner.add<Stock>(4);
  ASSERT_TRUE(added) << to_string(added.error());
  expect_reached(runner, "stock", events_->head().position);
  append_some(50);
  expect_reached(runner, "stock", events_->head().position);
  expect_rows(*rows, plain_);
  const auto status = *runner.status("stock");
  ASSERT_EQ(status.partitions.size(), 4U);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(status.partitions[i].partition, (Partition{i, 4}));
    EXPECT_GE(status.partitions[i].position, events_->head().position);
  }
  // Each move touches the rows of one partition to four.
  EXPECT_GT(status.events_applied, 350U);
  EXPECT_LT(status.events_applied, 4 * 350U);
}

TEST_F(PartitionsTest, AReadersPositionIsReachedAtOnceThoughPartitionsHaveNoRowsToWrite) {
  const auto rows = open_rows();
  ProjectionRunner runner(*events_, *rows, {.progress_every = std::chrono::hours(1)});
  ASSERT_TRUE(runner.add<Stock>(4));
  const auto receipt = append(*events_, GoodsArrived{"a", 1});
  const auto reached =
      rows->wait("stock", receipt.last_position, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(reached && *reached);
  EXPECT_EQ((*reached)->position(), receipt.last_position);
}

TEST_F(PartitionsTest, ANewcomerGetsItsShareAndWhatALeaverHadGoesToWhoIsLeft) {
  append_some(100);
  const auto rows = open_rows(file_);
  const auto others = open_rows(file_);
  const RunnerOptions options{.threads = 2, .lease = std::chrono::minutes(5)};
  ProjectionRunner first(*events_, *rows, options);
  ASSERT_TRUE(first.add<Stock>(4));
  wait_until([&] { return held_by(first) == 4; });
  {
    ProjectionRunner second(*events_, *others, options);
    ASSERT_TRUE(second.add<Stock>(4));
    wait_until([&] { return held_by(first) == 2 && held_by(second) == 2; });
    append_some(100);
    expect_reached(first, "stock", events_->head().position);
    expect_reached(second, "stock", events_->head().position);
    expect_rows(*others, plain_);
    ProjectionRunner third(*events_, *others, options);
    ASSERT_TRUE(third.add<Stock>(4));
    wait_until([&] { return held_by(third) == 1; });
    append_some(20);
    expect_reached(third, "stock", events_->head().position);
  }
  wait_until([&] { return held_by(first) == 4; });
  append_some(100);
  expect_reached(first, "stock", events_->head().position);
  expect_rows(*rows, plain_);
  EXPECT_EQ(first.status("stock")->fenced, 0U) << "what is handed over is given back before";
}

TEST_F(PartitionsTest, WhatCannotBeSplitAndAnotherNumberAreRefused) {
  const auto rows = open_rows(file_);
  ProjectionRunner runner(*events_, *rows);
  const auto sql = runner.add<SlowTally>(2);
  ASSERT_FALSE(sql);
  EXPECT_EQ(sql.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(sql.error().message.find("hand-written SQL"), std::string::npos);
  ASSERT_TRUE(runner.add<Stock>(4));
  const auto others = open_rows(file_);
  ProjectionRunner other(*events_, *others);
  for (const std::uint32_t wrong : {0U, 1U, 2U, 5U, partitions_max + 1}) {
    const auto refused = other.add<Stock>(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << to_string(refused.error());
  }
  EXPECT_TRUE(other.add<Stock>(4)) << "after what was refused it can be added rightly";
}

/// A shelf's count, that refuses 13.
struct RefusingShelf {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(RefusingShelf, "picky_shelves", (shelf), count);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) {
    if (e.count == 13) throw std::runtime_error("thirteen");
    count += e.count;
  }
  bool operator==(const RefusingShelf&) const = default;
};
struct Refusing {
  static constexpr auto name = "picky";
  static constexpr int version = 1;
  using Tables = annals::Tables<RefusingShelf>;
};

TEST_F(PartitionsTest, AFoldThatFailsHaltsItsPartitionAndTheOthersGoOn) {
  const auto rows = open_rows();
  ProjectionRunner runner(*events_, *rows, {.retry_first = milliseconds(1)});
  ASSERT_TRUE(runner.add<Refusing>(2));
  ASSERT_EQ(partition_of(std::vector<Cell>{"a"}, 2), 0U);
  std::string other = "b";
  while (partition_of(std::vector<Cell>{other}, 2) == 0) ++other[0];
  append(*events_, GoodsArrived{"a", 1}, GoodsArrived{other, 1});
  append(*events_, GoodsArrived{"a", 13});
  const auto halted = runner.wait("picky", events_->head().position, patience);
  ASSERT_FALSE(halted);
  EXPECT_NE(halted.error().message.find("thirteen"), std::string::npos) << halted.error().message;
  const auto receipt = append(*events_, GoodsArrived{other, 5}, GoodsArrived{"a", 1});
  wait_until(
      [&] { return runner.status("picky")->partitions[1].position >= receipt.last_position; });
  EXPECT_EQ(runner.status("picky")->activity, ProjectionActivity::halted);
  EXPECT_EQ(runner.status("picky")->position, GlobalPosition{2});
  EXPECT_EQ(all_rows<RefusingShelf>(*rows), (std::vector<RefusingShelf>{{"a", 1}, {other, 6}}));
  EXPECT_EQ(record_of(*rows, "picky").position(), GlobalPosition{2});
}

TEST_F(PartitionsTest, MadeAnewWhileRunnersGoOnEachEventCountsOnce) {
  append_some(100);
  const auto rows = open_rows(file_);
  const auto others = open_rows(file_);
  const RunnerOptions options{.threads = 2, .retry_first = milliseconds(1)};
  ProjectionRunner first(*events_, *rows, options);
  ProjectionRunner second(*events_, *others, options);
  ASSERT_TRUE(first.add<Stock>(4));
  ASSERT_TRUE(second.add<Stock>(4));
  for (int i = 0; i < 5; ++i) {
    append_some(40);
    const auto rebuilt = rebuild(*events_, *others, projection_type_of<Stock>());
    ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
    append_some(10);
  }
  expect_reached(first, "stock", events_->head().position);
  expect_reached(second, "stock", events_->head().position);
  expect_rows(*rows, plain_);
  EXPECT_EQ(rows->records()->size(), 4U);
}

TEST_F(PartitionsTest, ARebuildChangesTheirNumberAndRunnersOfTheOldOneAreToldSo) {
  append_some(50);
  const auto rows = open_rows();
  ProjectionRunner runner(*events_, *rows);
  ASSERT_TRUE(runner.add<Stock>(2));
  expect_reached(runner, "stock", events_->head().position);
  const auto rebuilt = rebuild(*events_, *rows, projection_type_of<Stock>(), {.partitions = 3});
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  append_some(5);
  const auto stopped = runner.wait("stock", events_->head().position, patience);
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().message.find("is split into 3 partitions"), std::string::npos)
      << stopped.error().message;
  ProjectionRunner next(*events_, *rows);
  ASSERT_TRUE(next.add<Stock>(3));
  expect_reached(next, "stock", events_->head().position);
  expect_rows(*rows, plain_);
  const auto sql = rebuild(*events_, *rows, projection_type_of<SlowTally>(), {.partitions = 2});
  ASSERT_FALSE(sql);
  EXPECT_EQ(sql.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace annals::warehouse
