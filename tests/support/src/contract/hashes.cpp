// P9 verifiable: contents and links can be worked out by anybody, and verify() does.

#include <algorithm>
#include <string>
#include <vector>

#include <annals/eventstore/content_hash.hpp>
#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_hashes() {}

namespace {

using Outcome = VerifyReport::Outcome;

VerifyReport verified(const EventStore& store, const VerifyOptions& options = {}) {
  auto report = store.verify(options);
  if (!report) {
    ADD_FAILURE() << to_string(report.error());
    return {};
  }
  return *std::move(report);
}

}  // namespace

TEST_P(EventStoreContract, LinksAreMadeOfWhatWasGivenAndWhatTheReceiptsSay) {
  Link link = first_link(store().token().store);
  EXPECT_EQ(*store().link_at({0}), link);
  std::uint64_t version = 0;
  for (std::size_t count = 1; count <= 4; ++count) {
    AppendRequest request = append_to("a-1", ExpectedVersion::any(), count);
    request.events[0].tags = {"b", "a"};
    request.events[0].known_at = clock().now();
    clock().advance(std::chrono::microseconds(7));
    const Receipt receipt = append(request);
    std::sort(request.events[0].tags.begin(), request.events[0].tags.end());
    std::vector<LinkedEvent> linked;
    for (const NewEvent& event : request.events) {
      linked.push_back({{version++}, content_hash(event)});
    }
    link = next_link(link, receipt.id, receipt.first_position, receipt.recorded_at, linked);
    EXPECT_EQ(receipt.link, link);
    EXPECT_EQ(store().head().link, link);
    EXPECT_EQ(*store().link_at(receipt.first_position), link);
    EXPECT_EQ(*store().link_at(receipt.last_position), link);
  }
  const auto beyond = store().link_at({store().head().position.value + 1});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::diverged);
}

TEST_P(EventStoreContract, VerifyFindsAnUntouchedStoreWhole) {
  const VerifyReport empty = verified(store());
  EXPECT_EQ(empty.outcome, Outcome::whole);
  EXPECT_EQ(empty.position, GlobalPosition{0});
  EXPECT_EQ(empty.link, store().head().link);

  for (std::size_t i = 1; i <= 20; ++i) append(append_to("a-1", ExpectedVersion::any(), i % 3 + 1));
  const VerifyReport all = verified(store());
  EXPECT_EQ(all.outcome, Outcome::whole);
  EXPECT_EQ(all.appends, 20U);
  EXPECT_EQ(all.events, store().head().position.value);
  EXPECT_EQ((Head{all.position, all.link}), store().head());
  EXPECT_FALSE(all.first_bad);
}

TEST_P(EventStoreContract, VerifyTakesARangeOfPositions) {
  for (int i = 0; i < 5; ++i) append(append_to("a-1", ExpectedVersion::any(), 2));
  const VerifyReport part = verified(store(), {.first = {4}, .last = GlobalPosition{7}});
  EXPECT_EQ(part.outcome, Outcome::whole);
  EXPECT_EQ(part.appends, 3U) << "whole appends: 3 to 8";
  EXPECT_EQ(part.position, GlobalPosition{8});
  EXPECT_EQ(part.link, *store().link_at({8}));
  const auto beyond = store().verify({.last = GlobalPosition{11}});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::diverged);
}

TEST_P(EventStoreContract, VerifyProvesAnExpectedLink) {
  const Receipt first = append(append_to("a-1", ExpectedVersion::any(), 2));
  append(append_to("a-1", ExpectedVersion::any(), 2));
  EXPECT_EQ(verified(store(), {.expected = ExpectedLink{first.last_position, first.link}}).outcome,
            Outcome::whole);
  EXPECT_EQ(verified(store(), {.expected = ExpectedLink{{0}, first_link(first.store)}}).outcome,
            Outcome::whole);

  Link other = first.link;
  other.bytes[0] ^= 1;
  const VerifyReport changed =
      verified(store(), {.expected = ExpectedLink{first.last_position, other}});
  EXPECT_EQ(changed.outcome, Outcome::changed);
  ASSERT_TRUE(changed.first_bad);
  EXPECT_EQ(changed.first_bad->first, GlobalPosition{1});
  EXPECT_EQ(changed.first_bad->last, GlobalPosition{2});
  EXPECT_EQ(verified(store(), {.expected = ExpectedLink{{0}, other}}).outcome, Outcome::changed);
}

TEST_P(EventStoreContract, VerifyOfLessThanExpectedIsIncomplete) {
  const Receipt receipt = append(append_to("a-1", ExpectedVersion::any()));
  const VerifyReport report = verified(store(), {.expected = ExpectedLink{{9}, receipt.link}});
  EXPECT_EQ(report.outcome, Outcome::incomplete);
  EXPECT_EQ(report.position, receipt.last_position);
}

TEST_P(EventStoreContract, VerifyCanBeGivenUp) {
  for (int i = 0; i < 3; ++i) append(append_to("a-1", ExpectedVersion::any(), 2));
  std::uint64_t to_check = 0;
  const VerifyReport report = verified(store(), {.progress = [&](std::uint64_t, std::uint64_t of) {
                                         to_check = of;
                                         return false;
                                       }});
  EXPECT_EQ(report.outcome, Outcome::incomplete);
  EXPECT_EQ(to_check, 6U);
}

TEST_P(EventStoreContract, AnAppendIsShownAsItWasRecorded) {
  std::vector<Receipt> receipts;
  std::vector<RequestDigest> digests;
  for (std::size_t count = 1; count <= 3; ++count) {
    AppendRequest request = append_to("a-1", ExpectedVersion::any(), count);
    request.digest = request_digest_of("request " + std::to_string(count));
    digests.push_back(*request.digest);
    clock().advance(std::chrono::microseconds(3));
    receipts.push_back(append(request));
  }
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const Receipt& receipt = receipts[i];
    const RecordedAppend expected{.id = receipt.id,
                                  .digest = digests[i],
                                  .first = receipt.first_position,
                                  .count = static_cast<std::uint32_t>(i + 1),
                                  .recorded_at = receipt.recorded_at,
                                  .link = receipt.link};
    for (std::uint64_t p = receipt.first_position.value; p <= receipt.last_position.value; ++p) {
      const auto shown = store().append_holding({p});
      ASSERT_TRUE(shown) << to_string(shown.error());
      EXPECT_EQ(*shown, expected) << p;
    }
  }
  EXPECT_EQ(store().append_holding({0}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store().append_holding({7}).error().code, ErrorCode::diverged);
}

TEST_P(EventStoreContract, TheAppendsOfARangeAreThoseThatHoldItsPositions) {
  for (const std::size_t count : {2U, 1U, 3U, 1U, 1U}) {
    append(append_to("a-1", ExpectedVersion::any(), count));
  }
  for (std::uint64_t first = 1; first <= 8; ++first) {
    for (std::uint64_t last = first; last <= 8; ++last) {
      std::vector<RecordedAppend> expected;
      for (std::uint64_t at = first; at <= last; at = expected.back().last().value + 1) {
        expected.push_back(*store().append_holding({at}));
      }
      const auto appends = store().appends_holding({first}, {last});
      ASSERT_TRUE(appends) << to_string(appends.error());
      EXPECT_EQ(*appends, expected) << first << " to " << last;
    }
  }
  EXPECT_TRUE(store().appends_holding({3}, {2})->empty());
  EXPECT_EQ(store().appends_holding({0}, {2}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store().appends_holding({8}, {9}).error().code, ErrorCode::diverged);
  EXPECT_EQ(store().appends_holding({9}, {9}).error().code, ErrorCode::diverged);
}

TEST_P(EventStoreContract, ARecordedEventTellsWhatItsWriterGaveAndWhatWasFilledIn) {
  NewEvent bare = event_on("a-1");
  NewEvent full = event_on("a-1");
  full.id = EventId{{1, 2, 3}};
  full.known_at = clock().now();  // What would have been filled in, but given.
  full.effective_at = clock().now();
  NewEvent known = event_on("a-1");
  known.known_at = clock().now() - std::chrono::hours(1);
  append(append_of({bare, full, known}));
  const RecordedEvents events = read();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].given, (RecordedEvent::Given{}));
  EXPECT_EQ(events[1].given,
            (RecordedEvent::Given{.id = true, .known_at = true, .effective_at = true}));
  EXPECT_EQ(events[2].given, (RecordedEvent::Given{.known_at = true}));
  EXPECT_EQ(events[2].effective_at, events[2].known_at);
}

TEST_P(EventStoreContract, AnOriginIsKeptAndChangesNoHash) {
  NewEvent event = event_on("a-1");
  NewEvent imported = event;
  imported.origin = Origin{new_store_id(), {1'234'567}};
  EXPECT_EQ(content_hash(imported), content_hash(event));
  const AppendRequest request = append_of({imported, event});
  append(request);
  const RecordedEvents events = read();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].origin, imported.origin);
  EXPECT_FALSE(events[1].origin);
  EXPECT_EQ(verified(store()).outcome, Outcome::whole);
}

}  // namespace annals::testkit
