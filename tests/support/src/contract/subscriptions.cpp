// Subscriptions: history, then live, without a step between.

#include <atomic>
#include <future>
#include <thread>

#include <annals/eventstore/content_hash.hpp>
#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_subscriptions() {}

namespace {

using std::chrono::milliseconds;

// Long enough that only a lost wake-up lets it pass.
constexpr milliseconds patience = std::chrono::seconds(20);
constexpr milliseconds at_once{0};

std::unique_ptr<Subscription> subscribed(const EventStore& store,
                                         SubscriptionOptions options = {}) {
  auto subscription = store.subscribe(std::move(options));
  if (!subscription) {
    ADD_FAILURE() << to_string(subscription.error());
    return nullptr;
  }
  return *std::move(subscription);
}

Batch next(Subscription& subscription, milliseconds timeout = patience) {
  const auto before = std::chrono::steady_clock::now();
  auto batch = subscription.next(timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patience) << "nobody woke it";
  if (!batch) {
    ADD_FAILURE() << to_string(batch.error());
    return {};
  }
  return *std::move(batch);
}

}  // namespace

TEST_P(EventStoreContract, ASubscriptionGivesHistoryThenWhatIsAppended) {
  append(append_to("a-1", ExpectedVersion::any(), 2));
  const auto subscription = subscribed(store());
  ASSERT_NE(subscription, nullptr);
  const Batch history = next(*subscription);
  EXPECT_EQ(history.events.size(), 2U);
  EXPECT_EQ(history.complete_up_to, GlobalPosition{2});
  EXPECT_EQ(history.link, store().head().link);
  EXPECT_EQ(history.store, store().token().store);
  EXPECT_EQ(history.era, store().token().era);

  auto waiting = std::async(std::launch::async, [&] { return next(*subscription); });
  append(append_to("a-1", ExpectedVersion::any(), 1));
  const Batch live = waiting.get();
  ASSERT_EQ(live.events.size(), 1U);
  EXPECT_EQ(live.events[0].position, GlobalPosition{3});
  EXPECT_EQ(live.checkpoint(), (Checkpoint{store().token(), store().head().link}));
}

// Reader and writer take turns, so that an append meets the reader at every point of its waiting.
TEST_P(EventStoreContract, AnAppendWakesAWaitingSubscription) {
  constexpr std::uint64_t rounds = 100;
  const auto subscription = subscribed(store());
  ASSERT_NE(subscription, nullptr);
  std::atomic<std::uint64_t> done = 0;
  std::thread reader([&] {
    while (done < rounds && !testing::Test::HasFailure()) {
      done = next(*subscription).complete_up_to.value;
      done.notify_one();
    }
    done = rounds;
    done.notify_one();
  });
  for (std::uint64_t round = 0; round < rounds; ++round) {
    append(append_to("a-1", ExpectedVersion::any()));
    done.wait(round);
    if (testing::Test::HasFailure()) break;
  }
  reader.join();
  EXPECT_EQ(store().head().position, GlobalPosition{rounds});
}

TEST_P(EventStoreContract, WhenTheTimeIsOverABatchTellsTheSamePlace) {
  const auto subscription = subscribed(store());
  ASSERT_NE(subscription, nullptr);
  const Batch empty = next(*subscription, at_once);
  EXPECT_TRUE(empty.events.empty());
  EXPECT_EQ(empty.complete_up_to, GlobalPosition{0});
  EXPECT_EQ(empty.link, store().head().link);
  append(append_to("a-1", ExpectedVersion::any(), 2));
  EXPECT_EQ(next(*subscription).complete_up_to, GlobalPosition{2});
  const Batch nothing_new = next(*subscription, at_once);
  EXPECT_TRUE(nothing_new.events.empty());
  EXPECT_EQ(nothing_new.complete_up_to, GlobalPosition{2});
  EXPECT_EQ(nothing_new.link, store().head().link);
}

TEST_P(EventStoreContract, ProgressIsToldWhenNothingMatches) {
  const auto subscription = subscribed(store(), {.query = Query::stream("nobody")});
  ASSERT_NE(subscription, nullptr);
  append(append_to("a-1", ExpectedVersion::any(), 3));
  const Batch batch = next(*subscription);
  EXPECT_TRUE(batch.events.empty());
  EXPECT_EQ(batch.complete_up_to, GlobalPosition{3});
  EXPECT_EQ(batch.link, store().head().link);
}

TEST_P(EventStoreContract, ABatchNeverEndsInsideAnAppend) {
  for (std::size_t i = 0; i < 12; ++i) append(append_to("a-1", ExpectedVersion::any(), i % 4 + 1));
  for (std::size_t bound = 1; bound <= 7; ++bound) {
    const auto subscription = subscribed(store(), {.batch_events = bound});
    ASSERT_NE(subscription, nullptr);
    std::uint64_t seen = 0;
    while (seen < store().head().position.value) {
      const Batch batch = next(*subscription);
      ASSERT_FALSE(batch.events.empty());
      EXPECT_EQ(batch.events.front().position.value, seen + 1);
      EXPECT_LT(batch.events.size(), bound + 4) << "it ends with the append that reaches the bound";
      seen += batch.events.size();
      EXPECT_EQ(batch.events.back().position.value, seen);
      EXPECT_EQ(batch.complete_up_to.value, seen);
      const auto cut = store().read({.as_of = AsOf::position(batch.complete_up_to)});
      ASSERT_TRUE(cut);
      EXPECT_FALSE((*cut)->cut().inside_append);
      EXPECT_EQ(batch.link, *store().link_at(batch.complete_up_to));
    }
  }
}

TEST_P(EventStoreContract, MatchesOfOneAppendStayInOneBatch) {
  append(append_of({event_on("a-1"), event_on("b-1"), event_on("a-1"), event_on("b-1")}));
  append(append_of({event_on("a-1")}));
  const auto subscription = subscribed(store(), {.query = Query::stream("a-1"), .batch_events = 1});
  ASSERT_NE(subscription, nullptr);
  const Batch first = next(*subscription);
  EXPECT_EQ(first.events.size(), 2U);
  EXPECT_EQ(first.complete_up_to, GlobalPosition{4});
  EXPECT_EQ(next(*subscription).events.size(), 1U);
}

TEST_P(EventStoreContract, ASubscriptionGoesOnAfterItsCheckpoint) {
  for (int i = 0; i < 6; ++i) append(append_of({event_on("a-1"), event_on("b-1")}));
  Checkpoint checkpoint;
  {
    const auto subscription = subscribed(store(), {.batch_events = 5});
    ASSERT_NE(subscription, nullptr);
    checkpoint = next(*subscription).checkpoint();
    EXPECT_EQ(checkpoint.token.position, GlobalPosition{6});
  }
  const auto subscription = subscribed(store(), {.after = checkpoint});
  ASSERT_NE(subscription, nullptr);
  const Batch rest = next(*subscription);
  ASSERT_EQ(rest.events.size(), 6U);
  EXPECT_EQ(rest.events.front().position, GlobalPosition{7});
}

TEST_P(EventStoreContract, ACheckpointOfAnotherHistoryIsRefused) {
  const Receipt receipt = append(append_to("a-1", ExpectedVersion::any(), 2));
  const Checkpoint good{receipt.token(), receipt.link};
  EXPECT_EQ(store().resume(good)->token, receipt.token());

  const auto code = [&](Checkpoint checkpoint) {
    const auto resumed = store().resume(checkpoint);
    const auto subscription = store().subscribe({.after = checkpoint});
    EXPECT_FALSE(resumed);
    EXPECT_FALSE(subscription);
    if (resumed || subscription) return ErrorCode::unsupported;
    EXPECT_EQ(resumed.error().code, subscription.error().code);
    return resumed.error().code;
  };
  Checkpoint other_store = good;
  other_store.token.store = open_another()->token().store;
  EXPECT_EQ(code(other_store), ErrorCode::invalid_argument);
  Checkpoint beyond = good;
  beyond.token.position = {3};
  EXPECT_EQ(code(beyond), ErrorCode::diverged);
  Checkpoint other_link = good;
  other_link.link->bytes[5] ^= 1;
  EXPECT_EQ(code(other_link), ErrorCode::diverged);
  Checkpoint later_era = good;
  later_era.token.era = {2};
  EXPECT_EQ(code(later_era), ErrorCode::diverged);
}

TEST_P(EventStoreContract, ACheckpointWithoutLinkGetsTheLogs) {
  const Receipt receipt = append(append_to("a-1", ExpectedVersion::any(), 2));
  EXPECT_EQ(store().resume({receipt.token(), {}})->link, receipt.link);
  const Token beginning{receipt.store, receipt.era, {0}};
  EXPECT_EQ(store().resume({beginning, {}})->link, first_link(receipt.store));
}

TEST_P(EventStoreContract, StopEndsAWaitingNext) {
  const auto subscription = subscribed(store());
  ASSERT_NE(subscription, nullptr);
  std::promise<void> started;
  auto waiting = std::async(std::launch::async, [&] {
    started.set_value();
    return subscription->next(patience);
  });
  started.get_future().wait();
  EXPECT_FALSE(subscription->stopped());
  const auto before = std::chrono::steady_clock::now();
  subscription->stop();
  const auto batch = waiting.get();
  EXPECT_LT(std::chrono::steady_clock::now() - before, patience / 2);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(subscription->stopped());
  subscription->stop();
  EXPECT_FALSE(subscription->next(at_once));
}

// Four writers, and three subscriptions that start at different moments: each gets every event it
// selects once, in order. A lost wake-up would show as the end of all patience.
TEST_P(EventStoreContract, NothingIsMissedOrDoubledWhileOthersWrite) {
  constexpr int threads = 4;
  constexpr int appends = 60;
  constexpr std::uint64_t last = std::uint64_t{2} * threads * appends;
  std::vector<std::thread> writers;
  writers.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < appends; ++i) {
        append(append_of({event_on("a-" + std::to_string(t)), event_on("b-1")}));
      }
    });
  }
  std::vector<std::thread> readers;
  readers.reserve(3);
  std::atomic<int> wrong = 0;
  for (const bool only_b : {false, true, false}) {
    readers.emplace_back([&, only_b] {
      const auto subscription = subscribed(
          store(), {.query = only_b ? Query::category("b") : Query::all(), .batch_events = 7});
      std::uint64_t events = 0;
      GlobalPosition done{0};
      while (done.value < last) {
        const Batch batch = next(*subscription);
        if (batch.complete_up_to <= done) {
          ++wrong;
          return;
        }
        for (const RecordedEvent& event : batch.events) {
          ++events;
          const bool right =
              only_b ? event.version.value + 1 == events : event.position.value == events;
          if (!right || event.position > batch.complete_up_to) ++wrong;
        }
        done = batch.complete_up_to;
      }
      if (events != (only_b ? last / 2 : last)) ++wrong;
    });
  }
  for (auto& writer : writers) writer.join();
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace annals::testkit
