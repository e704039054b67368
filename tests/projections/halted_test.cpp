// What becomes of a projector that has halted: how far it says it has come, and when it goes on by
// itself.

#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

/// A shelf's count; what it does not take is up to the test.
struct PickyShelf {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(PickyShelf, "picky_shelves", (shelf), count);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) {
    if (e.count == 13) on_thirteen();
    count += e.count;
  }
  static inline std::function<void()> on_thirteen;
  bool operator==(const PickyShelf&) const = default;
};
struct Picky {
  static constexpr auto name = "picky";
  static constexpr int version = 1;
  using Tables = annals::Tables<PickyShelf>;
};
struct NewerPicky : Picky {
  static constexpr int version = 2;
};

void refuse() { throw std::runtime_error("thirteen"); }

std::string shelf_of_partition(std::uint32_t partition) {
  std::string shelf = "a";
  while (partition_of(std::vector<Cell>{shelf}, 2) != partition) ++shelf[0];
  return shelf;
}

class HaltedTest : public testing::Test {
 protected:
  void SetUp() override { PickyShelf::on_thirteen = refuse; }
  void expect_halted(const ProjectionRunner& runner, std::string_view why) {
    const auto halted = runner.wait("picky", events_->head().position, patience);
    ASSERT_FALSE(halted);
    EXPECT_EQ(halted.error().code, ErrorCode::unavailable);
    EXPECT_NE(halted.error().message.find(why), std::string::npos) << halted.error().message;
  }
  // Nobody tells a projector that has halted; it looks.
  void expect_to_go_on(const ProjectionRunner& runner) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (runner.status("picky")->activity == ProjectionActivity::halted) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << runner.status("picky")->last_error;
      std::this_thread::sleep_for(milliseconds(5));
    }
    expect_reached(runner, "picky", events_->head().position);
  }

  const testkit::TemporaryFolder folder_;
  const std::string file_ = folder_.file("rows.db");
  std::unique_ptr<ReadModelStore> rows_ = open_rows(file_);
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
};

TEST_F(HaltedTest,
       APartitionStandsAtTheLastEventBeforeTheOneThatFailedThoughItTouchesNoneOfItsRows) {
  const std::string mine = shelf_of_partition(0);
  const std::string other = shelf_of_partition(1);
  append(*events_, GoodsArrived{mine, 1});
  for (int i = 0; i < 10; ++i) append(*events_, GoodsArrived{other, 1});
  append(*events_, GoodsArrived{mine, 13});
  ProjectionRunner runner(*events_, *rows_, {.tries_max = 2, .retry_first = milliseconds(1)});
  ASSERT_TRUE(runner.add<Picky>(2));
  expect_halted(runner, "thirteen");
  EXPECT_EQ(runner.status("picky")->partitions[0].position, GlobalPosition{11});
  const auto records = rows_->records();
  ASSERT_TRUE(records);
  EXPECT_EQ(records->at(0).position(), GlobalPosition{11});
  EXPECT_NE(records->at(0).failure.find("position 12"), std::string::npos);

  PickyShelf::on_thirteen = [] {};
  ASSERT_TRUE(runner.retry("picky"));
  expect_reached(runner, "picky", GlobalPosition{12});
  EXPECT_EQ(all_rows<PickyShelf>(*rows_), (std::vector<PickyShelf>{{mine, 14}, {other, 10}}));
}

TEST_F(HaltedTest, OnceTheirNumberFitsAgainAWorkerGoesOnByItself) {
  PickyShelf::on_thirteen = [] {};
  append(*events_, GoodsArrived{"a", 1}, GoodsArrived{"b", 2});
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Picky>(2));
  expect_reached(runner, "picky", events_->head().position);
  const auto split = [&](std::uint32_t partitions) {
    auto rebuilt =
        rebuild(*events_, *rows_, projection_type_of<Picky>(), {.partitions = partitions});
    ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
    append(*events_, GoodsArrived{"a", 1}, GoodsArrived{"b", 2});
  };
  split(3);
  expect_halted(runner, "is split into 3 partitions, the program asks for 2");
  split(2);
  expect_to_go_on(runner);
  EXPECT_EQ(all_rows<PickyShelf>(*rows_), (std::vector<PickyShelf>{{"a", 3}, {"b", 6}}));
}

TEST_F(HaltedTest, OnceTheDefinitionFitsAgainAWorkerGoesOnByItself) {
  append(*events_, GoodsArrived{"a", 1});
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Picky>());
  expect_reached(runner, "picky", events_->head().position);
  // A newer program has come, and is taken back.
  ASSERT_TRUE(rebuild(*events_, *rows_, projection_type_of<NewerPicky>()));
  append(*events_, GoodsArrived{"a", 1});
  expect_halted(runner, "were made by definition version 2");
  ASSERT_TRUE(rebuild(*events_, *rows_, projection_type_of<Picky>()));
  append(*events_, GoodsArrived{"a", 1});
  expect_to_go_on(runner);
  EXPECT_EQ(all_rows<PickyShelf>(*rows_), (std::vector<PickyShelf>{{"a", 3}}));
}

// Its last try takes longer than its lease, and meanwhile another one takes over: what it would
// halt is not its own any more.
TEST_F(HaltedTest, AWorkerWhoseHaltCannotBeRecordedStandsByAndGoesOnAfterTheOther) {
  const auto others = open_rows(file_);
  std::optional<Claim> taken;
  int tries = 0;
  PickyShelf::on_thirteen = [&] {
    if (++tries < 2) refuse();
    while (!taken) {
      auto claim = others->claim(projection_type_of<Picky>(), {}, make_holder(), patience);
      if (claim) taken = *std::move(claim);
    }
    refuse();
  };
  append(*events_, GoodsArrived{"a", 13});
  ProjectionRunner runner(*events_, *rows_, {.lease = milliseconds(1), .tries_max = 1});
  ASSERT_TRUE(runner.add<Picky>());
  while (runner.status("picky")->activity != ProjectionActivity::standing_by) {
    ASSERT_NE(runner.status("picky")->activity, ProjectionActivity::halted);
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(record_of(*others, "picky").failure, "");
  PickyShelf::on_thirteen = [] {};
  ASSERT_TRUE(others->release(*taken));
  expect_reached(runner, "picky", GlobalPosition{1});
  EXPECT_EQ(all_rows<PickyShelf>(*rows_), (std::vector<PickyShelf>{{"a", 13}}));
}

}  // namespace
}  // namespace annals::warehouse
