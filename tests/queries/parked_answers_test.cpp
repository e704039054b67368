// An answer tells which of its rows are not up to date.

#include "projections/delicate.hpp"
#include "query_bus_fixture.hpp"

namespace annals::warehouse {
namespace {

struct DelicateCount {
  std::int64_t count = 0;
  std::optional<GlobalPosition> parked_since;
};
struct DelicateCountOf {
  std::string shelf;
  using Projection = DelicateStock;
  Result<DelicateCount> answer(Rows& rows) const {
    auto row = rows.find<Delicate>(shelf);
    if (!row) return std::move(row).error();
    auto parked = rows.parked<Delicate>(shelf);
    if (!parked) return std::move(parked).error();
    DelicateCount result;
    if (*row) result.count = (*row)->count;
    if (*parked) result.parked_since = (*parked)->first_position;
    return result;
  }
};

class ParkedAnswers : public QueryBusTest {
 protected:
  void SetUp() override {
    Delicate::breaks_at = 7;
    runner_ = std::make_unique<ProjectionRunner>(*events_, *rows_, RunnerOptions{.tries_max = 1});
    ASSERT_TRUE(runner_->add<DelicateStock>());
  }
};

TEST_F(ParkedAnswers, RowsOfParkedKeysAreCountedAndKnown) {
  append(*events_, GoodsArrived{"a", 10}, GoodsArrived{"b", 10});
  auto answer = bus_->ask(DelicateCountOf{"a"}, Consistency::strong());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->parked_keys, 0U);
  EXPECT_FALSE(answer->value.parked_since);

  append(*events_, GoodsMoved{"a", "b", "Ada", 7});
  answer = bus_->ask(DelicateCountOf{"a"}, Consistency::strong());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->token.position, GlobalPosition{3});
  EXPECT_EQ(answer->parked_keys, 1U);
  EXPECT_EQ(answer->value.count, 10);
  EXPECT_EQ(answer->value.parked_since, GlobalPosition{3});
  answer = bus_->ask(DelicateCountOf{"b"}, Consistency::strong());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->parked_keys, 1U) << "of all rows, not only those that were read";
  EXPECT_EQ(answer->value.count, 17);
  EXPECT_FALSE(answer->value.parked_since);
}

TEST_F(ParkedAnswers, AnAnswerOfThePastTellsItAsWell) {
  append(*events_, GoodsArrived{"a", 10}, GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1});
  for (const std::uint64_t position : {1U, 2U, 3U}) {
    const auto answer = bus_->ask(DelicateCountOf{"a"},
                                  Consistency::as_of(AsOf::position(GlobalPosition{position})));
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->parked_keys, position == 1 ? 0U : 1U);
    EXPECT_EQ(answer->value.count, 10);
  }
}

TEST_F(ParkedAnswers, ALiveQueryIsAskedAgainWhenAKeyIsFreed) {
  append(*events_, GoodsMoved{"a", "b", "Ada", 7});
  auto live = bus_->watch(DelicateCountOf{"a"}, Consistency::strong());
  auto answer = live.next(patience);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->value.count, 0);
  Delicate::breaks_at = -1;
  ASSERT_TRUE(runner_->retry_parked("delicate_stock"));
  answer = live.next(patience);
  ASSERT_TRUE(answer && *answer) << "the position has not moved";
  EXPECT_EQ((*answer)->value.count, -7);
  EXPECT_EQ((*answer)->parked_keys, 0U);
}

}  // namespace
}  // namespace annals::warehouse
