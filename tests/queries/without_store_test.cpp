// A query bus that has read models and no event store: what it can tell, and what it refuses.

#include <future>

#include "query_bus_fixture.hpp"

namespace annals::warehouse {
namespace {

class WithoutStore : public QueryBusTest {
 protected:
  static void expect_refused(const Result<Answer<std::int64_t>>& answer, ErrorCode code,
                             const std::string& words) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code) << answer.error().message;
    EXPECT_NE(answer.error().message.find(words), std::string::npos) << answer.error().message;
  }
  QueryBus reading_{static_cast<const ReadModelStore&>(*rows_), {}};
};

TEST_F(WithoutStore, AnswersAreThoseThatTheStoreWouldVouchFor) {
  project();
  for (std::int64_t sum = 1; sum <= 20; ++sum) {
    const Token token = token_of(append(*events_, GoodsArrived{"a", 1}));
    const auto answer = reading_.ask(CountOf{"a"}, Consistency::at_least(token, patience));
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->value, sum);
    EXPECT_EQ(answer->token, token);
    const auto as_it_is = reading_.ask(CountOf{"a"}, Consistency::eventual());
    ASSERT_TRUE(as_it_is);
    EXPECT_EQ(as_it_is->token, token);
  }
  EXPECT_EQ(reading_.stats().cuts_folded, 0U);
}

TEST_F(WithoutStore, ATokenIsWaitedForAndTimesOutOrComesStale) {
  project();
  const Token first = token_of(append(*events_, GoodsArrived{"a", 1}));
  ASSERT_TRUE(reading_.ask(CountOf{"a"}, Consistency::at_least(first, patience)));
  hold_projector();
  const Token second = token_of(append(*events_, GoodsArrived{"a", 1}));
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::at_least(second, milliseconds(20))),
                 ErrorCode::timeout, "is at position 1, not yet at 2");
  const auto stale =
      reading_.ask(CountOf{"a"}, Consistency::at_least(second, milliseconds(20)).or_stale());
  ASSERT_TRUE(stale);
  EXPECT_TRUE(stale->stale);
  EXPECT_EQ(stale->value, 1);
  let_projector_go();
  const auto fresh = reading_.ask(CountOf{"a"}, Consistency::at_least(second, patience));
  ASSERT_TRUE(fresh) << to_string(fresh.error());
  EXPECT_EQ(fresh->value, 2);
}

TEST_F(WithoutStore, ATokenOfAnotherHistoryIsRefusedAndNotWaitedFor) {
  project();
  const Token token = token_of(append(*events_, GoodsArrived{"a", 1}));
  ASSERT_TRUE(reading_.ask(CountOf{"a"}, Consistency::at_least(token, patience)));
  Token other = token;
  other.store = new_store_id();
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::at_least(other, std::chrono::hours(1))),
                 ErrorCode::invalid_argument, "the token is of store " + to_string(other.store));
  Token later = token;
  later.era = Era{2};
  later.position = {100};
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::at_least(later, std::chrono::hours(1))),
                 ErrorCode::diverged, "without the event store it cannot be told");
}

// Nothing was projected when the question came: what comes then is of another store.
TEST_F(WithoutStore, ATokenIsComparedWithWhatIsThereWhenItIsAnswered) {
  Token strange{new_store_id(), Era{1}, {1}};
  auto answer = std::async(std::launch::async, [&] {
    return reading_.ask(CountOf{"a"}, Consistency::at_least(strange, patience));
  });
  append(*events_, GoodsArrived{"a", 1});
  project();
  expect_refused(answer.get(), ErrorCode::invalid_argument, to_string(strange.store));
}

TEST_F(WithoutStore, WhatNeedsTheStoreIsRefusedAndSaysSo) {
  project();
  const Token token = token_of(append(*events_, GoodsArrived{"a", 1}));
  ASSERT_TRUE(reading_.ask(CountOf{"a"}, Consistency::at_least(token, patience)));
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::strong()), ErrorCode::invalid_argument,
                 "a strong answer needs the event store");
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::as_of(AsOf::position({1}))),
                 ErrorCode::invalid_argument, "as of a cut needs the event store");
}

TEST_F(WithoutStore, AnUnprojectedReadModelIsUnavailable) {
  expect_refused(reading_.ask(CountOf{"a"}, Consistency::eventual()), ErrorCode::unavailable,
                 "has not been projected");
}

TEST_F(WithoutStore, ALiveQueryGoesOnAnswering) {
  project();
  append(*events_, GoodsArrived{"a", 1});
  const Token token = token_of(append(*events_, GoodsArrived{"a", 1}));
  auto live = reading_.watch(CountOf{"a"}, Consistency::at_least(token, patience));
  EXPECT_EQ((**live.next(patience)).value, 2);
  append(*events_, GoodsArrived{"a", 5});
  EXPECT_EQ((**live.next(patience)).value, 7);
}

}  // namespace
}  // namespace annals::warehouse
