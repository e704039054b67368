// P7 time travel: where a read is cut.

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_as_of() {}

namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// What a read as of `as_of` says about its cut and the number of events in it.
struct Seen {
  std::uint64_t position;
  bool open;
  bool inside_append;
  std::size_t events;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << "{position " << seen.position << (seen.open ? ", open" : "")
             << (seen.inside_append ? ", inside an append" : "") << ", " << seen.events
             << " events}";
}

Seen look(const EventStore& store, AsOf as_of) {
  const auto cursor = store.read({.as_of = as_of});
  if (!cursor) {
    ADD_FAILURE() << to_string(cursor.error());
    return {};
  }
  const Cut cut = (*cursor)->cut();
  return {cut.position.value, cut.open, cut.inside_append, (*cursor)->next()->size()};
}

}  // namespace

TEST_P(EventStoreContract, APositionCutIncludesItsPositionAndMarksAPartedAppend) {
  append(append_to("a-1", ExpectedVersion::any(), 1));
  append(append_to("a-1", ExpectedVersion::any(), 3));
  EXPECT_EQ(look(store(), AsOf::position({0})), (Seen{0, false, false, 0}));
  EXPECT_EQ(look(store(), AsOf::position({1})), (Seen{1, false, false, 1}));
  EXPECT_EQ(look(store(), AsOf::position({2})), (Seen{2, false, true, 2}));
  EXPECT_EQ(look(store(), AsOf::position({3})), (Seen{3, false, true, 3}));
  EXPECT_EQ(look(store(), AsOf::position({4})), (Seen{4, false, false, 4}));
}

TEST_P(EventStoreContract, APositionCutBeyondTheHeadIsDiverged) {
  append(append_to("a-1", ExpectedVersion::any()));
  const auto cursor = store().read({.as_of = AsOf::position({2})});
  ASSERT_FALSE(cursor);
  EXPECT_EQ(cursor.error().code, ErrorCode::diverged);
}

TEST_P(EventStoreContract, ATimeCutIncludesAllEventsOfThatTime) {
  const Timestamp start = clock().now();
  append(append_to("a-1", ExpectedVersion::any(), 2));
  append(append_to("a-1", ExpectedVersion::any(), 1));  // In the same microsecond.
  clock().advance(seconds(10));
  append(append_to("a-1", ExpectedVersion::any(), 2));

  EXPECT_EQ(look(store(), AsOf::recorded(start - microseconds(1))), (Seen{0, false, false, 0}));
  EXPECT_EQ(look(store(), AsOf::recorded(start)), (Seen{3, false, false, 3}));
  EXPECT_EQ(look(store(), AsOf::recorded(start + seconds(10) - microseconds(1))),
            (Seen{3, false, false, 3}));
  // A later append may still be recorded at the last visible time.
  EXPECT_EQ(look(store(), AsOf::recorded(start + seconds(10))), (Seen{5, true, false, 5}));
  EXPECT_EQ(look(store(), AsOf::recorded(start + seconds(99))), (Seen{5, true, false, 5}));
}

TEST_P(EventStoreContract, EveryTimeCutOfAnEmptyStoreIsOpen) {
  EXPECT_EQ(look(store(), AsOf::recorded(clock().now())), (Seen{0, true, false, 0}));
}

TEST_P(EventStoreContract, ACutAtTheHeadIsOpen) {
  append(append_to("a-1", ExpectedVersion::any(), 2));
  EXPECT_EQ(look(store(), AsOf::head()), (Seen{2, true, false, 2}));
}

TEST_P(EventStoreContract, ACutAppliesToStreamsAndBothDirections) {
  for (int i = 0; i < 4; ++i) append(append_of({event_on("a-1"), event_on("b-1")}));
  const auto events = read({.query = Query::stream("b-1"),
                            .direction = Direction::backward,
                            .limit = 2,
                            .as_of = AsOf::position({5})});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].position, GlobalPosition{4});
  EXPECT_EQ(events[1].position, GlobalPosition{2});
  EXPECT_TRUE(
      read({.start = Start::from(GlobalPosition{6}), .as_of = AsOf::position({5})}).empty());
  EXPECT_TRUE(read({.query = Query::stream("a-1"),
                    .start = Start::from(StreamVersion{3}),
                    .as_of = AsOf::position({5})})
                  .empty());
}

}  // namespace annals::testkit
