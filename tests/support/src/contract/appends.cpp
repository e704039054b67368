// P2 atomic, P3 ordered, P4 optimistic: what append() writes, and what it refuses.

#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include <annals/eventstore/content_hash.hpp>
#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_appends() {}

TEST_P(EventStoreContract, AnEmptyStoreHasHeadZeroAndItsFirstLink) {
  EXPECT_EQ(store().head().position, GlobalPosition{0});
  EXPECT_EQ(store().head().link, first_link(store().token().store));
  EXPECT_EQ(store().token().era, Era{1});
  EXPECT_TRUE(read().empty());
}

TEST_P(EventStoreContract, AReceiptTellsPositionsVersionsTimeAndHead) {
  append(append_to("account-1", ExpectedVersion::no_stream(), 2));
  AppendRequest request =
      append_of({event_on("account-2"), event_on("account-1"), event_on("account-2")});
  request.id = append_id_of("third");
  clock().advance(std::chrono::seconds(1));
  const Receipt receipt = append(request);

  EXPECT_EQ(receipt.id, append_id_of("third"));
  EXPECT_EQ(receipt.first_position, GlobalPosition{3});
  EXPECT_EQ(receipt.last_position, GlobalPosition{5});
  const std::vector<Receipt::Written> versions = {{"account-1", {2}}, {"account-2", {1}}};
  EXPECT_EQ(receipt.versions, versions);
  EXPECT_EQ(receipt.version_of("account-2"), StreamVersion{1});
  EXPECT_EQ(receipt.version_of("account-3"), std::nullopt);
  EXPECT_EQ(receipt.recorded_at, clock().now());
  EXPECT_EQ(receipt.token(), store().token());
  EXPECT_EQ(store().head(), (Head{receipt.last_position, receipt.link}));
  EXPECT_FALSE(receipt.repeated);
}

TEST_P(EventStoreContract, AnEventComesBackAsItWasGiven) {
  NewEvent given = event_on("order-7", "order_placed", std::string("\0\xff{}\n", 5));
  given.schema_version = 3;
  given.content_type = ContentType::binary;
  given.id = EventId{append_id_of("an event").bytes};
  given.metadata = R"({"ip":"::1"})";
  given.tags = {"customer:9", "b", "a", "b"};
  given.correlation_id = "corr";
  given.causation_id = "cause";
  given.actor = "clerk ж";
  given.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  given.known_at = clock().now() - std::chrono::hours(48);
  given.effective_at = clock().now() + std::chrono::hours(48);
  const Receipt receipt = append(append_of({event_on("other-1"), given}));

  const RecordedEvents events = read({.query = Query::stream("order-7")});
  ASSERT_EQ(events.size(), 1U);
  const RecordedEvent& event = events[0];
  EXPECT_EQ(event.stream, given.stream);
  EXPECT_EQ(event.version, StreamVersion{0});
  EXPECT_EQ(event.position, GlobalPosition{2});
  EXPECT_EQ(event.id, given.id);
  EXPECT_EQ(event.type, given.type);
  EXPECT_EQ(event.schema_version, 3U);
  EXPECT_EQ(event.content_type, ContentType::binary);
  EXPECT_EQ(event.data, given.data);
  EXPECT_EQ(event.metadata, given.metadata);
  EXPECT_EQ(std::vector<std::string>(event.tags.begin(), event.tags.end()),
            (std::vector<std::string>{"a", "b", "customer:9"}));
  EXPECT_EQ(event.correlation_id, given.correlation_id);
  EXPECT_EQ(event.causation_id, given.causation_id);
  EXPECT_EQ(event.actor, given.actor);
  EXPECT_EQ(event.traceparent, given.traceparent);
  EXPECT_EQ(event.recorded_at, receipt.recorded_at);
  EXPECT_EQ(event.known_at, given.known_at);
  EXPECT_EQ(event.effective_at, given.effective_at);
}

TEST_P(EventStoreContract, WhatIsNotGivenIsAbsentOrHasItsDefault) {
  NewEvent given = event_on("order-7", "order_placed", "");
  given.actor = "";
  AppendRequest request = append_of({event_on("order-7"), given});
  request.id = append_id_of("defaults");
  append(request);

  const RecordedEvents events = read({.query = Query::stream("order-7")});
  ASSERT_EQ(events.size(), 2U);
  const RecordedEvent& event = events[1];
  EXPECT_EQ(event.id, derived_event_id(append_id_of("defaults"), 1));
  EXPECT_EQ(event.schema_version, 1U);
  EXPECT_EQ(event.content_type, ContentType::json);
  EXPECT_EQ(event.data, "");
  EXPECT_EQ(event.metadata, "");
  EXPECT_TRUE(event.tags.empty());
  EXPECT_EQ(event.correlation_id, std::nullopt);
  EXPECT_EQ(event.causation_id, std::nullopt);
  EXPECT_EQ(event.actor, std::nullopt);
  EXPECT_EQ(event.traceparent, std::nullopt);
  EXPECT_EQ(event.known_at, event.recorded_at);
  EXPECT_EQ(event.effective_at, event.recorded_at);
}

TEST_P(EventStoreContract, AnAppendToSeveralStreamsIsAllOrNothing) {
  append(append_to("a-1", ExpectedVersion::no_stream()));
  AppendRequest request;
  request.events = {event_on("b-1"), event_on("a-1")};
  request.checks = {{"b-1", ExpectedVersion::no_stream()}, {"a-1", ExpectedVersion::no_stream()}};
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  EXPECT_EQ(read().size(), 1U);
  EXPECT_EQ(*store().stream_version("b-1"), std::nullopt);

  request.checks[1].expected = ExpectedVersion::exactly({0});
  EXPECT_EQ(append(request).last_position, GlobalPosition{3}) << "a loser leaves no gap";
}

TEST_P(EventStoreContract, EachExpectedVersionHoldsWhereItSays) {
  append(append_to("old", ExpectedVersion::any(), 3));
  struct Case {
    const char* stream;
    ExpectedVersion expected;
    bool holds;
  };
  const Case cases[] = {
      {"old", ExpectedVersion::any(), true},
      {"old", ExpectedVersion::stream_exists(), true},
      {"old", ExpectedVersion::no_stream(), false},
      {"old", ExpectedVersion::exactly({2}), true},
      {"old", ExpectedVersion::exactly({1}), false},
      {"old", ExpectedVersion::exactly({3}), false},
      {"new", ExpectedVersion::any(), true},
      {"new", ExpectedVersion::stream_exists(), false},
      {"new", ExpectedVersion::no_stream(), true},
      {"new", ExpectedVersion::exactly({0}), false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(std::string(test.stream) + " " + to_string(test.expected));
    // As the check of a stream that is only relied on, so that nothing is written.
    const auto result = store().append(only_check(test.stream, test.expected));
    EXPECT_EQ(result.has_value(), test.holds);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::wrong_expected_version);
    }
  }
  EXPECT_EQ(store().head().position, GlobalPosition{3});
}

TEST_P(EventStoreContract, AConflictNamesStreamExpectedAndActual) {
  append(append_to("account-42", ExpectedVersion::no_stream(), 8));
  AppendRequest request = append_to("account-42", ExpectedVersion::exactly({6}));
  request.id = append_id_of("stale");
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "stream account-42: expected version 6, is 7");
  ASSERT_TRUE(refused.error().conflict);
  EXPECT_EQ(refused.error().conflict->stream, "account-42");
  EXPECT_EQ(refused.error().conflict->expected, ExpectedVersion::exactly({6}));
  EXPECT_EQ(refused.error().conflict->actual, StreamVersion{7});
  EXPECT_EQ(refused.error().append_id, append_id_of("stale"));
}

TEST_P(EventStoreContract, AStreamThatIsOnlyReliedOnIsChecked) {
  append(append_to("limit-1", ExpectedVersion::no_stream()));
  AppendRequest request = append_to("account-1", ExpectedVersion::no_stream());
  request.checks.push_back({"limit-1", ExpectedVersion::exactly({1})});
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().conflict->stream, "limit-1");
  request.checks[1].expected = ExpectedVersion::exactly({0});
  EXPECT_EQ(append(request).version_of("limit-1"), std::nullopt);
}

TEST_P(EventStoreContract, EveryWrittenStreamNeedsExactlyOneCheck) {
  AppendRequest unchecked = append_to("a-1", ExpectedVersion::any());
  unchecked.events.push_back(event_on("a-2"));
  AppendRequest twice = append_to("a-1", ExpectedVersion::any());
  twice.checks.push_back({"a-1", ExpectedVersion::no_stream()});
  for (const auto& request : {unchecked, twice}) {
    const auto refused = store().append(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(refused.error().append_id);
  }
  EXPECT_EQ(store().head().position, GlobalPosition{0});
}

TEST_P(EventStoreContract, AnAppendWithoutEventsChecksAndItsReceiptIsTheHead) {
  const auto on_empty = store().append({});
  ASSERT_TRUE(on_empty);
  EXPECT_EQ(on_empty->first_position, GlobalPosition{0});
  EXPECT_EQ(on_empty->link, store().head().link);

  const Receipt last = append(append_to("a-1", ExpectedVersion::no_stream(), 2));
  AppendRequest request = only_check("a-1", ExpectedVersion::exactly({1}));
  request.id = append_id_of("look");
  const Receipt receipt = append(request);
  EXPECT_EQ(receipt.first_position, last.last_position);
  EXPECT_EQ(receipt.last_position, last.last_position);
  EXPECT_EQ(receipt.link, last.link);
  EXPECT_EQ(receipt.recorded_at, last.recorded_at);
  EXPECT_TRUE(receipt.versions.empty());
  EXPECT_FALSE(receipt.repeated);
  EXPECT_EQ(store().head().position, GlobalPosition{2});
  const auto kept = store().find_append(append_id_of("look"));
  ASSERT_TRUE(kept);
  EXPECT_FALSE(*kept) << "nothing is kept of it";
}

TEST_P(EventStoreContract, StreamVersionIsTheLastOne) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 3));
  EXPECT_EQ(*store().stream_version("a-1"), StreamVersion{2});
  EXPECT_EQ(*store().stream_version("a-2"), std::nullopt);
}

// Eight threads write to four shared streams and to one of their own.
TEST_P(EventStoreContract, PositionsAndVersionsHaveNoGapsUnderEightThreads) {
  constexpr int threads = 8;
  constexpr int appends = 40;
  std::vector<std::thread> writers;
  writers.reserve(threads);
  std::atomic<int> failures = 0;
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < appends; ++i) {
        const auto receipt = store().append(append_of(
            {event_on("shared-" + std::to_string(i % 4)), event_on("own-" + std::to_string(t))}));
        if (!receipt || receipt->last_position.value != receipt->first_position.value + 1) {
          ++failures;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(failures, 0);

  const RecordedEvents events = read();
  ASSERT_EQ(events.size(), std::size_t{2} * threads * appends);
  std::map<std::string, std::uint64_t, std::less<>> next;
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].position.value, i + 1);
    EXPECT_EQ(events[i].version.value, next[std::string(events[i].stream)]++);
  }
}

// Each round all threads expect the same version of the same two streams; the barrier is the
// stream's own version.
TEST_P(EventStoreContract, OfContradictingAppendsInParallelAtMostOneSucceeds) {
  constexpr int threads = 8;
  constexpr std::uint64_t rounds = 25;
  std::vector<std::atomic<int>> winners(rounds);
  std::atomic<int> unexpected = 0;
  std::vector<std::thread> writers;
  writers.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&] {
      for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto expected =
            round == 0 ? ExpectedVersion::no_stream() : ExpectedVersion::exactly({round - 1});
        AppendRequest request;
        request.events = {event_on("x-1"), event_on("x-2")};
        request.checks = {{"x-1", expected}, {"x-2", expected}};
        const auto result = store().append(request);
        if (result) {
          ++winners[round];
        } else if (result.error().code != ErrorCode::wrong_expected_version) {
          ++unexpected;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(unexpected, 0);
  for (const auto& count : winners) EXPECT_EQ(count, 1);
  EXPECT_EQ(store().head().position, GlobalPosition{2 * rounds});
}

}  // namespace annals::testkit
