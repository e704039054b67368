// A live query gives the answer, then each change of it, and asks no more often than it must.

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>

#include "query_bus_fixture.hpp"

namespace annals::warehouse {
namespace {

TEST_F(QueryBusTest, ALiveQueryGivesTheAnswerThenEachChangeAndNothingElse) {
  project();
  auto live = bus_->watch(CountOf{"a"}, Consistency::strong(patience));
  auto answer = live.next(patience);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->value, 0);
  for (int i = 1; i <= 10; ++i) {
    append(*events_, GoodsArrived{"b", 1});  // Of no interest to the answer.
    append(*events_, GoodsArrived{"a", 1});
    answer = live.next(patience);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ((*answer)->value, i);
  }
  append(*events_, GoodsArrived{"b", 1});
  answer = live.next(milliseconds(30));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
  auto waiting = std::async(std::launch::async, [&] { return live.next(std::chrono::hours(1)); });
  live.stop();
  EXPECT_FALSE(*waiting.get());
}

TEST_F(QueryBusTest, ALiveQueryAsksOnlyWhenThereAreNews) {
  project();
  const auto receipt = append(*events_, GoodsArrived{"a", 1});
  auto live = bus_->watch(StockAndArrivals{}, Consistency::strong(patience));
  ASSERT_TRUE(*live.next(patience));
  // One of its projections rests behind the other.
  ASSERT_TRUE(rows_->set_paused("stock", true));
  while (runner_->status("stock")->activity != ProjectionActivity::paused) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const auto later = append(*events_, GoodsArrived{"a", 1});
  ASSERT_TRUE(runner_->wait("arrivals", later.last_position, patience));
  while (*live.next(milliseconds(50))) continue;  // What has happened up to here.
  const auto asked = bus_->stats().answered;
  EXPECT_FALSE(*live.next(milliseconds(300)));
  EXPECT_EQ(bus_->stats().answered, asked);
  EXPECT_LT(receipt.last_position, later.last_position);
}

TEST_F(QueryBusTest, ALiveQuerySeesThatItsTablesWereRebuilt) {
  project();
  append(*events_, GoodsArrived{"a", 1});
  auto live = bus_->watch(CountOf{"a"}, Consistency::strong(patience));
  ASSERT_TRUE(*live.next(patience));
  while (*live.next(milliseconds(20))) continue;
  const auto asked = bus_->stats().answered;
  ASSERT_TRUE(rebuild(*events_, *rows_, projection_type_of<Stock>()));
  EXPECT_FALSE(*live.next(milliseconds(300))) << "the rows are the same";
  EXPECT_GT(bus_->stats().answered, asked);
}

}  // namespace
}  // namespace annals::warehouse
