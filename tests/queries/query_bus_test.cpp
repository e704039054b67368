// Each query states its consistency, and its answer says what it knew.

#include <atomic>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/queries/session.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "query_bus_fixture.hpp"

namespace annals::warehouse {
namespace {

TEST_F(QueryBusTest, WhatWasNeverProjectedIsAnError) {
  const auto answer = bus_->ask(CountOf{"a"}, Consistency::eventual());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_NE(answer.error().message.find("stock"), std::string::npos);
}

TEST_F(QueryBusTest, WhoWaitsForWhatNobodyProjectsIsToldSo) {
  append(*events_, GoodsArrived{"a", 1});
  const auto answer = bus_->ask(CountOf{"a"}, Consistency::strong(milliseconds(10)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
  EXPECT_NE(answer.error().message.find("has not been projected"), std::string::npos)
      << answer.error().message;
}

// The answer's position would not be that of its rows.
TEST_F(QueryBusTest, RowsOfAProjectionThatTheQueryDoesNotNameAreRefused) {
  project();
  for (const Consistency& level : {Consistency::eventual(), Consistency::strong()}) {
    const auto answer = bus_->ask(ArrivalsOutOfStock{}, level);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    for (const char* part : {"table arrivals", "(stock)"}) {
      EXPECT_NE(answer.error().message.find(part), std::string::npos) << answer.error().message;
    }
  }
}

TEST_F(QueryBusTest, AClientsSessionReadsItsOwnWrites) {
  project();
  // [docs:read-your-writes]
  annals::Session session;  // Of one client: what it has seen only grows.
  const auto receipt = append(*events_, GoodsArrived{"a", 3});
  ASSERT_TRUE(session.observe(receipt));
  const auto answer = bus_->ask(CountOf{"a"}, session.consistency());
  // answer->value, answer->token: everything up to this position, and nothing beyond it
  // [docs:read-your-writes]
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->value, 3);
  EXPECT_EQ(answer->token, token_of(receipt));
}

TEST_F(QueryBusTest, AnAnswerSaysWhichPositionItReflects) {
  project();
  auto answer = bus_->ask(CountOf{"a"}, Consistency::eventual());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->token.position, GlobalPosition{0});
  const auto receipt = append(*events_, GoodsArrived{"a", 3});
  answer = bus_->ask(CountOf{"a"}, Consistency::at_least(token_of(receipt)));
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->value, 3);
  EXPECT_EQ(answer->token, token_of(receipt));
  EXPECT_FALSE(answer->stale);
}

// Read your writes. The projector is behind on purpose: `eventual` then misses every write, and a
// token never does.
TEST_F(QueryBusTest, YouReadYourWritesWithATokenAndNotWithoutOne) {
  project();
  constexpr int rounds = 20;
  int missed_without = 0;
  int missed_with = 0;
  for (int i = 1; i <= rounds; ++i) {
    if (i % 5 == 1) hold_projector();
    const auto receipt = append(*events_, GoodsArrived{"a", 1});
    const auto eventual = bus_->ask(CountOf{"a"}, Consistency::eventual());
    ASSERT_TRUE(eventual);
    if (eventual->value != i) ++missed_without;
    auto waiting = std::async(std::launch::async, [&] {
      return bus_->ask(CountOf{"a"}, Consistency::at_least(token_of(receipt), patience));
    });
    let_projector_go();
    const auto mine = waiting.get();
    ASSERT_TRUE(mine) << to_string(mine.error());
    if (mine->value != i) ++missed_with;
  }
  EXPECT_GE(missed_without, 4);
  EXPECT_EQ(missed_with, 0);
  EXPECT_GE(bus_->stats().waited, 4U);
  RecordProperty("missed_without_token", missed_without);
}

// Monotonic reads: two read models of the same log, one of them behind, as behind a load balancer.
TEST_F(QueryBusTest, ASessionNeverGoesBackInTimeAndWithoutItDoes) {
  project();
  const auto slow_rows = open_rows();
  ProjectionRunner slow(*events_, *slow_rows);
  ASSERT_TRUE(slow.add<Stock>());
  QueryBus slow_bus(*events_, *slow_rows);
  ASSERT_TRUE(slow_rows->set_paused("stock", true));
  while (slow.status("stock")->activity != ProjectionActivity::paused) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  int went_back = 0;
  Session session;
  for (int i = 1; i <= 10; ++i) {
    const auto receipt = append(*events_, GoodsArrived{"a", 1});
    const auto first = bus_->ask(CountOf{"a"}, Consistency::at_least(token_of(receipt), patience));
    ASSERT_TRUE(first);
    ASSERT_TRUE(session.observe(*first));
    const auto second = slow_bus.ask(CountOf{"a"}, Consistency::eventual());
    ASSERT_TRUE(second);
    if (second->value < first->value) ++went_back;
  }
  EXPECT_EQ(went_back, 10);
  auto monotonic = std::async(std::launch::async, [&] {
    return slow_bus.ask(CountOf{"a"}, session.consistency(patience));
  });
  ASSERT_TRUE(slow_rows->set_paused("stock", false));
  const auto answer = monotonic.get();
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->value, 10);
}

// Causal order across two services: the first acts and sends a message with its token in a header;
// the second, which has a read model of its own that is behind, acts on what it reads.
TEST_F(QueryBusTest, ATokenInAHeaderCarriesCausalOrderToAnotherService) {
  project();
  const auto other_rows = open_rows();
  ProjectionRunner other(*events_, *other_rows);
  ASSERT_TRUE(other.add<Stock>());
  QueryBus other_bus(*events_, *other_rows);
  int saw_effect_without_cause = 0;
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(other_rows->set_paused("stock", true));
    while (other.status("stock")->activity != ProjectionActivity::paused) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    const std::string header = to_string(token_of(append(*events_, GoodsArrived{"a", 1})));
    const auto careless = other_bus.ask(CountOf{"a"}, Consistency::eventual());
    ASSERT_TRUE(careless);
    if (careless->value < i) ++saw_effect_without_cause;
    const auto token = parse_token(header);
    ASSERT_TRUE(token);
    auto causal = std::async(std::launch::async, [&] {
      return other_bus.ask(CountOf{"a"}, Session(*token).consistency(patience));
    });
    ASSERT_TRUE(other_rows->set_paused("stock", false));
    const auto answer = causal.get();
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->value, i);
    // The answer may come before the status: the next round must not take an old pause for its own.
    while (other.status("stock")->activity == ProjectionActivity::paused) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  EXPECT_EQ(saw_effect_without_cause, 5);
}

TEST_F(QueryBusTest, StrongSeesEveryAppendThatHadReturned) {
  project();
  for (int i = 1; i <= 50; ++i) {
    append(*events_, GoodsArrived{"a", 1});
    const auto answer = bus_->ask(CountOf{"a"}, Consistency::strong(patience));
    ASSERT_TRUE(answer) << to_string(answer.error());
    ASSERT_EQ(answer->value, i);
  }
}

TEST_F(QueryBusTest, WhenTheTimeIsOverTheCallerGetsAnErrorOrTheStaleAnswerMarked) {
  project();
  expect_reached(*runner_, "stock", append(*events_, GoodsArrived{"a", 1}).last_position);
  hold_projector();
  const auto receipt = append(*events_, GoodsArrived{"a", 1});
  const auto level = Consistency::at_least(token_of(receipt), milliseconds(20));
  const auto late = bus_->ask(CountOf{"a"}, level);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  for (const char* part : {"position 1", "not yet at 2", "paused"}) {
    EXPECT_NE(late.error().message.find(part), std::string::npos) << late.error().message;
  }
  const auto stale = bus_->ask(CountOf{"a"}, level.or_stale());
  ASSERT_TRUE(stale) << to_string(stale.error());
  EXPECT_TRUE(stale->stale);
  EXPECT_EQ(stale->value, 1);
  EXPECT_EQ(stale->token.position, GlobalPosition{1});
}

struct Brittle {
  std::string shelf;
  ANNALS_ROW(Brittle, "brittle", (shelf));
  using Events = annals::Events<GoodsCursed>;
  static std::string keys(const GoodsCursed& e) { return e.shelf; }
  void evolve(const GoodsCursed&) { throw std::runtime_error("a curse"); }
};
struct BrittleStock {
  static constexpr auto name = "brittle_stock";
  static constexpr int version = 1;
  using Tables = annals::Tables<Brittle>;
};
struct AnyBrittle {
  using Projection = BrittleStock;
  Result<std::size_t> answer(Rows& rows) const {
    auto all = rows.all<Brittle>();
    if (!all) return std::move(all).error();
    return all->size();
  }
};

TEST_F(QueryBusTest, AProjectorThatHaltsEndsTheWaitingQueriesWithItsReason) {
  ProjectionRunner runner(*events_, *rows_, {.tries_max = 1});
  ASSERT_TRUE(runner.add<BrittleStock>());
  std::vector<std::future<Result<Answer<std::size_t>>>> waiting;
  const Token wanted{events_->token().store, events_->token().era, {1}};
  append(*events_, GoodsArrived{"a", 1});
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      // An hour: only the halt can end it.
      const auto receipt = append(*events_, GoodsCursed{"a"});
      return bus_->ask(AnyBrittle{},
                       Consistency::at_least(token_of(receipt), std::chrono::hours(1)));
    }));
  }
  for (auto& answer : waiting) {
    const auto ended = answer.get();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::unavailable);
    for (const char* part : {"brittle_stock", "halted", "a curse"}) {
      EXPECT_NE(ended.error().message.find(part), std::string::npos) << ended.error().message;
    }
  }
  EXPECT_EQ(wanted.position, GlobalPosition{1});
}

TEST_F(QueryBusTest, ATokenOfAnotherStoreOrBeyondTheHeadIsRefused) {
  project();
  const auto other = make_memory_event_store({});
  auto answer = bus_->ask(CountOf{"a"}, Consistency::at_least(other->token()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  Token beyond = events_->token();
  beyond.position.value += 1;
  answer = bus_->ask(CountOf{"a"}, Consistency::at_least(beyond));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::diverged);
  Session session(events_->token());
  EXPECT_FALSE(session.observe(other->token()));
  EXPECT_EQ(session.token(), events_->token());
}

TEST_F(QueryBusTest, AReadModelOfAnotherHistoryGivesNoAnswer) {
  project();
  expect_reached(*runner_, "stock", append(*events_, GoodsArrived{"a", 1}).last_position);
  const auto other = make_memory_event_store({});
  append(*other, GoodsArrived{"a", 1});
  QueryBus bus(*other, *rows_);
  const auto answer = bus.ask(CountOf{"a"}, Consistency::eventual());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument) << to_string(answer.error());
}

TEST_F(QueryBusTest, AQueryOverTwoProjectionsReflectsTheOneThatIsBehind) {
  project();
  const auto first = append(*events_, GoodsArrived{"a", 1});
  auto answer = bus_->ask(StockAndArrivals{}, Consistency::at_least(token_of(first), patience));
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_TRUE(answer->value);
  ASSERT_TRUE(rows_->set_paused("arrivals", true));
  while (runner_->status("arrivals")->activity != ProjectionActivity::paused) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  const auto second = append(*events_, GoodsArrived{"a", 1});
  ASSERT_TRUE(bus_->ask(CountOf{"a"}, Consistency::at_least(token_of(second), patience)));
  answer = bus_->ask(StockAndArrivals{}, Consistency::eventual());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->token.position, first.last_position);
  EXPECT_FALSE(answer->value);
}

TEST_F(QueryBusTest, AsOfAPositionOrTimeEqualsAPlainFoldUpToThere) {
  std::mt19937_64 random(testkit::seed(11));
  std::vector<PlainStock> plain(1);
  std::vector<Timestamp> recorded{Timestamp{}};
  for (int i = 0; i < 200; ++i) {
    clock_->advance(std::chrono::seconds(random() % 2));
    const std::string shelf(1, static_cast<char>('a' + random() % 4));
    const std::string other(1, static_cast<char>('a' + random() % 4));
    PlainStock next = plain.back();
    if (random() % 8 == 0) {
      append(*events_, ShelfCleared{shelf});
      next.fold(ShelfCleared{shelf});
    } else {
      const GoodsMoved moved{shelf, other, "Ada", static_cast<std::int64_t>(random() % 9)};
      append(*events_, moved);
      next.fold(moved);
    }
    plain.push_back(std::move(next));
    recorded.push_back(clock_->now());
  }
  for (int i = 0; i < 100; ++i) {
    const std::size_t at = random() % plain.size();
    const std::string shelf(1, static_cast<char>('a' + random() % 4));
    const auto count_in = [&](const PlainStock& stock) {
      const auto row = stock.shelves.find(shelf);
      return row == stock.shelves.end() ? 0 : row->second.count;
    };
    const auto by_position = bus_->ask(CountOf{shelf}, Consistency::as_of(AsOf::position({at})));
    ASSERT_TRUE(by_position) << to_string(by_position.error());
    EXPECT_EQ(by_position->value, count_in(plain[at]));
    EXPECT_EQ(by_position->token.position, GlobalPosition{at});

    const Timestamp time = recorded[at];
    std::size_t last = at;
    while (last + 1 < recorded.size() && recorded[last + 1] <= time) ++last;
    const auto by_time = bus_->ask(CountOf{shelf}, Consistency::as_of(AsOf::recorded(time)));
    ASSERT_TRUE(by_time) << to_string(by_time.error());
    if (at == 0) continue;
    EXPECT_EQ(by_time->value, count_in(plain[last]));
    EXPECT_EQ(by_time->token.position, GlobalPosition{last});
  }
  EXPECT_GT(bus_->stats().cuts_folded, 0U);
}

TEST_F(QueryBusTest, ACutAskedAgainIsFoldedOnceUnlessItIsOpen) {
  append(*events_, GoodsArrived{"a", 1});
  append(*events_, GoodsArrived{"a", 1});
  std::vector<std::future<void>> askers;
  for (int i = 0; i < 4; ++i) {
    askers.push_back(std::async(std::launch::async, [&] {
      const auto answer = bus_->ask(CountOf{"a"}, Consistency::as_of(AsOf::position({1})));
      ASSERT_TRUE(answer) << to_string(answer.error());
      EXPECT_EQ(answer->value, 1);
      EXPECT_FALSE(answer->open);
    }));
  }
  for (auto& asker : askers) asker.get();
  EXPECT_EQ(bus_->stats().cuts_folded, 1U);
  EXPECT_EQ(bus_->stats().cuts_found, 3U);
  for (int i = 0; i < 2; ++i) {
    const auto answer = bus_->ask(CountOf{"a"}, Consistency::as_of(AsOf::head()));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->open);
  }
  EXPECT_EQ(bus_->stats().cuts_folded, 3U);
}

TEST_F(QueryBusTest, ClaimedTimesCutOrderFreeProjectionsAndNoOthers) {
  const auto day = [](int n) {
    return testkit::ManualClock::beginning - std::chrono::hours(24 * n);
  };
  const auto arrive = [&](std::int64_t count, Timestamp known, Timestamp effective) {
    AppendRequest request;
    request.events.push_back(written(GoodsArrived{"a", count}));
    request.events.back().known_at = known;
    request.events.back().effective_at = effective;
    request.checks = {{"warehouse-1", ExpectedVersion::any()}};
    ASSERT_TRUE(events_->append(std::move(request)));
  };
  arrive(1, day(10), day(20));
  arrive(2, day(5), day(30));
  arrive(4, day(8), day(8));
  const auto total = [&](const Consistency& level) -> std::int64_t {
    const auto answer = bus_->ask(AllArrivals{}, level);
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer && !answer->value.empty() ? answer->value.front().count : 0;
  };
  const auto all = Consistency::as_of(AsOf::head());
  EXPECT_EQ(total(all), 7);
  EXPECT_EQ(total(all.known_at(day(8))), 5);
  EXPECT_EQ(total(all.effective_at(day(20))), 3);
  EXPECT_EQ(total(all.known_at(day(9)).effective_at(day(20))), 1);
  EXPECT_EQ(total(Consistency::as_of(AsOf::position({2})).known_at(day(8))), 1);
  const auto refused = bus_->ask(CountOf{"a"}, all.known_at(day(8)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("order_free"), std::string::npos);
}

TEST_F(QueryBusTest, InterceptorsRefuseAndObserve) {
  project();
  std::vector<ErrorCode> seen;
  bus_->intercept([&](QueryContext& context) -> Result<void> {
    context.when_answered([&](const Result<Reflects>& answer) {
      if (!answer) seen.push_back(answer.error().code);
    });
    if (const auto* query = context.as<CountOf>(); query != nullptr && query->shelf == "secret") {
      return Error{.code = ErrorCode::rejected, .message = "no", .rule = "not-yours"};
    }
    return {};
  });
  EXPECT_TRUE(bus_->ask(CountOf{"a"}, Consistency::eventual()));
  EXPECT_FALSE(bus_->ask(CountOf{"secret"}, Consistency::eventual()));
  EXPECT_EQ(seen, std::vector<ErrorCode>{ErrorCode::rejected});
}

TEST_F(QueryBusTest, ManyWaitersAreAllWokenByTheCommitTheyWaitFor) {
  project();
  hold_projector();
  std::vector<std::future<Result<Answer<std::int64_t>>>> waiting;
  for (int i = 1; i <= 16; ++i) {
    const auto receipt = append(*events_, GoodsArrived{"a", 1});
    waiting.push_back(std::async(std::launch::async, [&, receipt] {
      return bus_->ask(CountOf{"a"}, Consistency::at_least(token_of(receipt), patience));
    }));
  }
  let_projector_go();
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto answer = waiting[i].get();
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_GE(answer->value, static_cast<std::int64_t>(i + 1));
  }
}

}  // namespace
}  // namespace annals::warehouse
