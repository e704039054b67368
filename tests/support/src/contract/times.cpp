// The three times of an event, and the rule for a clock that runs backward.

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_times() {}

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

TEST_P(EventStoreContract, RecordedAtIsTheStoresClockAndNeverDecreases) {
  const Timestamp start = clock().now();
  EXPECT_EQ(append(append_to("a-1", ExpectedVersion::any())).recorded_at, start);
  clock().advance(-seconds(30));
  EXPECT_EQ(append(append_to("a-1", ExpectedVersion::any())).recorded_at, start);
  clock().advance(seconds(31));
  EXPECT_EQ(append(append_to("a-1", ExpectedVersion::any())).recorded_at, start + seconds(1));
  Timestamp last{};
  for (const RecordedEvent& event : read()) {
    EXPECT_GE(event.recorded_at, last);
    last = event.recorded_at;
  }
}

TEST_P(EventStoreContract, AClockFartherBehindThanTheSkewStopsAppends) {
  const Receipt first = append(append_to("a-1", ExpectedVersion::any()));
  clock().advance(-max_clock_skew);
  append(append_to("a-1", ExpectedVersion::any()));
  clock().advance(-microseconds(1));
  const auto refused = store().append(append_to("a-1", ExpectedVersion::any()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(refused.error().append_id);
  EXPECT_EQ(store().head().position, GlobalPosition{2});

  // What writes nothing goes on: repeats, checks, reads.
  AppendRequest repeat = append_to("a-1", ExpectedVersion::any());
  repeat.id = first.id;
  EXPECT_TRUE(append(repeat).repeated);
  EXPECT_TRUE(store().append(only_check("a-1", ExpectedVersion::exactly({1}))));
  EXPECT_EQ(read().size(), 2U);

  clock().advance(microseconds(1));
  append(append_to("a-1", ExpectedVersion::any()));
}

TEST_P(EventStoreContract, KnownAtDefaultsToRecordedAtAndEffectiveAtToKnownAt) {
  const Timestamp now = clock().now();
  NewEvent none = event_on("a-1");
  NewEvent known = event_on("a-1");
  known.known_at = now - hours(24);
  NewEvent effective = event_on("a-1");
  effective.effective_at = now + hours(24 * 365);
  append(append_of({none, known, effective}));
  const RecordedEvents events = read();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].known_at, now);
  EXPECT_EQ(events[0].effective_at, now);
  EXPECT_EQ(events[1].known_at, now - hours(24));
  EXPECT_EQ(events[1].effective_at, now - hours(24));
  EXPECT_EQ(events[2].known_at, now);
  EXPECT_EQ(events[2].effective_at, now + hours(24 * 365));
}

TEST_P(EventStoreContract, KnownAtMayBeAheadByTheSkewAndNoMore) {
  NewEvent event = event_on("a-1");
  event.known_at = clock().now() + max_clock_skew;
  append(append_of({event}));
  event.known_at = *event.known_at + microseconds(1);
  const auto refused = store().append(append_of({event}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store().head().position, GlobalPosition{1});
}

TEST_P(EventStoreContract, ClaimedTimesLieInTheYears0To9999) {
  const Timestamp first = *parse_timestamp("0000-01-01T00:00:00Z");
  const Timestamp last = *parse_timestamp("9999-12-31T23:59:59.999999Z");
  NewEvent event = event_on("a-1");
  event.known_at = first;
  event.effective_at = last;
  append(append_of({event}));
  EXPECT_EQ(read()[0].known_at, first);
  EXPECT_EQ(read()[0].effective_at, last);
  NewEvent early = event;
  early.known_at = first - microseconds(1);
  NewEvent late = event;
  late.effective_at = last + microseconds(1);
  for (const NewEvent& outside : {early, late}) {
    const auto refused = store().append(append_of({outside}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace annals::testkit
