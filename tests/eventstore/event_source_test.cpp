// What any event store is to those who follow it.

#include <random>

#include <gtest/gtest.h>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

namespace annals {
namespace {

TEST(EventSource, FindsEventsThatWerePutAsideAndNoOthers) {
  std::mt19937_64 random(testkit::seed(6120));
  const auto store = make_memory_event_store();
  for (int i = 0; i < 1'000; ++i) {
    const std::string stream = "a-" + std::to_string(random() % 7);
    ASSERT_TRUE(store->append(
        testkit::append_of({testkit::event_on(stream, i % 2 == 0 ? "even" : "odd")})));
  }
  const EventSource& source = *store;
  for (int round = 0; round < 100; ++round) {
    std::vector<GlobalPosition> positions;
    for (std::uint64_t position = 1; position <= 1'010; position += 1 + random() % 300) {
      positions.push_back({position});
    }
    const bool all = random() % 2 == 0;
    const auto found = source.find(all ? Query::all() : Query::type("even"), positions);
    ASSERT_TRUE(found);
    std::vector<GlobalPosition> expected;
    for (const GlobalPosition position : positions) {
      if (position.value <= 1'000 && (all || position.value % 2 == 1)) expected.push_back(position);
    }
    std::vector<GlobalPosition> actual;
    for (const RecordedEvent& event : *found) {
      actual.push_back(event.position);
      EXPECT_EQ(event.type, event.position.value % 2 == 1 ? "even" : "odd");
    }
    EXPECT_EQ(actual, expected);
  }
  EXPECT_TRUE(source.find(Query::all(), {})->empty());
}

TEST(EventSource, TellsSinceWhenTheNextEventHasBeenWaiting) {
  const auto clock = std::make_shared<testkit::ManualClock>();
  const auto store = make_memory_event_store({.clock = clock});
  const EventSource& source = *store;
  EXPECT_EQ(*source.waiting_since({0}), std::nullopt);
  ASSERT_TRUE(store->append(testkit::append_of({testkit::event_on("a-1")})));
  const Timestamp first = clock->now();
  clock->advance(std::chrono::seconds(5));
  ASSERT_TRUE(store->append(testkit::append_of({testkit::event_on("a-1")})));
  EXPECT_EQ(*source.waiting_since({0}), first);
  EXPECT_EQ(*source.waiting_since({1}), first + std::chrono::seconds(5));
  EXPECT_EQ(*source.waiting_since({2}), std::nullopt);
}

TEST(EventSource, AskedForTheAppendsOfARangeAStoreThatKnowsOnlySingleOnesFindsThem) {
  const auto store = make_memory_event_store();
  for (const std::size_t count : {2U, 1U, 3U}) {
    ASSERT_TRUE(store->append(testkit::append_to("a-1", ExpectedVersion::any(), count)));
  }
  for (std::uint64_t first = 1; first <= 6; ++first) {
    for (std::uint64_t last = 0; last <= 6; ++last) {
      EXPECT_EQ(*store->EventStore::appends_holding({first}, {last}),
                *store->appends_holding({first}, {last}));
    }
  }
  EXPECT_EQ(store->EventStore::appends_holding({6}, {7}).error().code, ErrorCode::diverged);
}

}  // namespace
}  // namespace annals
