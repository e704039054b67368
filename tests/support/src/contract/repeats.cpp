// P5 idempotent: the same append again.

#include <atomic>
#include <thread>

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_repeats() {}

namespace {

AppendRequest payment() {
  AppendRequest request;
  request.events = {event_on("account-1", "paid"), event_on("account-2", "received")};
  request.events[0].traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  request.checks = {{"account-1", ExpectedVersion::no_stream()},
                    {"account-2", ExpectedVersion::no_stream()}};
  request.id = append_id_of("payment");
  return request;
}

void expect_first(const Receipt& again, const Receipt& first) {
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.first_position, first.first_position);
  EXPECT_EQ(again.last_position, first.last_position);
  EXPECT_EQ(again.link, first.link);
  EXPECT_EQ(again.versions, first.versions);
  EXPECT_EQ(again.recorded_at, first.recorded_at);
  EXPECT_EQ(again.token(), first.token());
}

}  // namespace

TEST_P(EventStoreContract, ARepeatReturnsTheFirstReceiptAndWritesNothing) {
  const Receipt first = append(payment());
  EXPECT_FALSE(first.repeated);
  clock().advance(std::chrono::seconds(3));
  expect_first(append(payment()), first);
  EXPECT_EQ(store().head().position, first.last_position);
}

TEST_P(EventStoreContract, ARepeatAfterTheStateMovedOnIsNotCheckedAgain) {
  const Receipt first = append(payment());
  append(append_to("account-1", ExpectedVersion::exactly({0}), 3));
  expect_first(append(payment()), first);
}

TEST_P(EventStoreContract, OtherChecksTraceMetadataAndEventIdsAreARepeat) {
  const Receipt first = append(payment());
  AppendRequest again = payment();
  again.checks[0].expected = ExpectedVersion::exactly({17});
  again.conditions.push_back({Query::all(), {0}});
  again.events[0].traceparent = "00-00000000000000000000000000000001-0000000000000002-00";
  again.events[0].metadata = R"({"try":2})";
  again.events[1].correlation_id = "other";
  again.events[1].causation_id = "other";
  again.events[1].id = EventId{append_id_of("other").bytes};
  expect_first(append(again), first);
}

TEST_P(EventStoreContract, TheSameIdWithAnotherRequestIsRefused) {
  append(payment());
  const auto with = [](auto change) {
    AppendRequest request = payment();
    change(request);
    return request;
  };
  const AppendRequest others[] = {
      with([](auto& r) { r.events[0].data = "{\"n\":2}"; }),
      with([](auto& r) { r.events[0].type = "lent"; }),
      with([](auto& r) { r.events[0].schema_version = 2; }),
      with([](auto& r) { r.events[0].tags = {"a"}; }),
      with([](auto& r) { r.events[0].actor = "somebody"; }),
      with([&](auto& r) { r.events[0].effective_at = clock().now(); }),
      with([](auto& r) { std::swap(r.events[0], r.events[1]); }),
      with([](auto& r) { r.events.pop_back(); }),
      with([](auto& r) { r.events.clear(); }),
  };
  for (const AppendRequest& other : others) {
    const auto refused = store().append(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find(to_string(append_id_of("payment"))), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(refused.error().append_id, append_id_of("payment"));
  }
  EXPECT_EQ(store().head().position, GlobalPosition{2});
}

TEST_P(EventStoreContract, ADigestThatIsGivenDecidesWhatARepeatIs) {
  AppendRequest request = payment();
  request.digest = request_digest_of("pay account-2 from account-1");
  const Receipt first = append(request);
  request.events.pop_back();
  expect_first(append(request), first);
  request.digest = request_digest_of("pay account-3 from account-1");
  const auto refused = store().append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_P(EventStoreContract, ARefusedAppendMayBeTriedAgainUnderItsId) {
  append(append_to("account-1", ExpectedVersion::no_stream()));
  ASSERT_FALSE(store().append(payment()));
  EXPECT_FALSE(store().find_append(append_id_of("payment"))->has_value());
  AppendRequest again = payment();
  again.checks[0].expected = ExpectedVersion::exactly({0});
  EXPECT_FALSE(append(again).repeated);
}

TEST_P(EventStoreContract, FindAppendGivesTheReceiptOrNothing) {
  const Receipt first = append(payment());
  append(append_to("account-9", ExpectedVersion::no_stream()));
  const auto found = store().find_append(append_id_of("payment"));
  ASSERT_TRUE(found && *found);
  expect_first(**found, first);
  const auto unknown = store().find_append(append_id_of("never sent"));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
}

TEST_P(EventStoreContract, AnAppendWithoutIdGetsOne) {
  const Receipt receipt = append(append_to("a-1", ExpectedVersion::no_stream()));
  const auto found = store().find_append(receipt.id);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->last_position, receipt.last_position);
}

TEST_P(EventStoreContract, TheSameIdFromEightThreadsIsWrittenOnce) {
  constexpr int threads = 8;
  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    const std::string stream = "once-" + std::to_string(round);
    AppendRequest request = append_to(stream, ExpectedVersion::no_stream(), 2);
    request.id = append_id_of(stream);
    std::atomic<int> first = 0;
    std::atomic<int> repeated = 0;
    std::vector<std::thread> writers;
    writers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
        AppendRequest mine = request;
        mine.events[0].traceparent = "try-" + std::to_string(t);
        const auto receipt = store().append(std::move(mine));
        if (receipt && receipt->version_of(stream) == StreamVersion{1}) {
          ++(receipt->repeated ? repeated : first);
        }
      });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(first, 1);
    EXPECT_EQ(repeated, threads - 1);
  }
  EXPECT_EQ(store().head().position, GlobalPosition{2 * rounds});
}

}  // namespace annals::testkit
