// P3 ordered: cursors, their starts, limits and directions, and what readers see while others
// write.

#include <atomic>
#include <limits>
#include <thread>

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_reads() {}

namespace {

std::vector<std::uint64_t> positions(const RecordedEvents& events) {
  std::vector<std::uint64_t> positions;
  for (const RecordedEvent& event : events) positions.push_back(event.position.value);
  return positions;
}

using Positions = std::vector<std::uint64_t>;

// a-1 is at 1, 3, 5, 7 and 9 with versions 0 to 4; b-1 at the even positions to 10.
void fill(EventStore& store) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(store.append(append_of({event_on("a-1"), event_on("b-1")})));
  }
}

constexpr Direction backward = Direction::backward;

}  // namespace

TEST_P(EventStoreContract, AllEventsForwardAndBackward) {
  fill(store());
  EXPECT_EQ(positions(read()), (Positions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(positions(read({.direction = backward})), (Positions{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST_P(EventStoreContract, AStreamForwardAndBackward) {
  fill(store());
  const Query a = Query::stream("a-1");
  EXPECT_EQ(positions(read({.query = a})), (Positions{1, 3, 5, 7, 9}));
  EXPECT_EQ(positions(read({.query = a, .direction = backward})), (Positions{9, 7, 5, 3, 1}));
}

TEST_P(EventStoreContract, AnUnknownStreamReadsAsEmptyWithItsCut) {
  fill(store());
  const auto cursor = store().read({.query = Query::stream("nobody")});
  ASSERT_TRUE(cursor);
  EXPECT_EQ((*cursor)->cut().position, GlobalPosition{10});
  EXPECT_TRUE((*cursor)->next()->empty());
}

TEST_P(EventStoreContract, FromIncludesItsPositionAndAfterDoesNot) {
  fill(store());
  const auto from = [](std::uint64_t p) { return Start::from(GlobalPosition{p}); };
  const auto after = [](std::uint64_t p) { return Start::after(GlobalPosition{p}); };
  EXPECT_EQ(positions(read({.start = from(9)})), (Positions{9, 10}));
  EXPECT_EQ(positions(read({.start = after(9)})), (Positions{10}));
  EXPECT_EQ(positions(read({.start = from(0), .limit = 1})), (Positions{1}));
  EXPECT_EQ(positions(read({.start = after(0), .limit = 1})), (Positions{1}));
  EXPECT_EQ(positions(read({.direction = backward, .start = from(2)})), (Positions{2, 1}));
  EXPECT_EQ(positions(read({.direction = backward, .start = after(2)})), (Positions{1}));
  EXPECT_EQ(positions(read({.direction = backward, .start = after(1)})), (Positions{}));
  EXPECT_EQ(positions(read({.direction = backward, .start = from(0)})), (Positions{}));
  EXPECT_EQ(positions(read({.direction = backward, .start = after(0)})), (Positions{}));
}

TEST_P(EventStoreContract, AStartBeyondTheHeadReadsAsEmptyForwardAndAsAllBackward) {
  fill(store());
  for (const std::uint64_t p : {std::uint64_t{11}, std::numeric_limits<std::uint64_t>::max()}) {
    for (const Start start : {Start::from(GlobalPosition{p}), Start::after(GlobalPosition{p})}) {
      EXPECT_EQ(positions(read({.start = start})), (Positions{}));
      EXPECT_EQ(positions(read({.direction = backward, .start = start, .limit = 1})),
                (Positions{10}));
    }
  }
}

TEST_P(EventStoreContract, AStreamIsReadFromAVersion) {
  fill(store());
  const auto at = [&](Direction direction, Start start) {
    return positions(read({.query = Query::stream("a-1"), .direction = direction, .start = start}));
  };
  const auto from = [](std::uint64_t v) { return Start::from(StreamVersion{v}); };
  const auto after = [](std::uint64_t v) { return Start::after(StreamVersion{v}); };
  EXPECT_EQ(at(Direction::forward, from(3)), (Positions{7, 9}));
  EXPECT_EQ(at(Direction::forward, after(3)), (Positions{9}));
  EXPECT_EQ(at(Direction::forward, from(0)), (Positions{1, 3, 5, 7, 9}));
  EXPECT_EQ(at(Direction::forward, after(4)), (Positions{}));
  EXPECT_EQ(at(Direction::forward, from(5)), (Positions{}));
  EXPECT_EQ(at(backward, from(1)), (Positions{3, 1}));
  EXPECT_EQ(at(backward, after(1)), (Positions{1}));
  EXPECT_EQ(at(backward, after(0)), (Positions{}));
  EXPECT_EQ(at(backward, from(5)), (Positions{9, 7, 5, 3, 1}));
}

TEST_P(EventStoreContract, AVersionStartNeedsExactlyOneStream) {
  fill(store());
  const Query queries[] = {
      Query::all(), Query::category("a"), Query::type("happened"), {{{.streams = {"a-1", "b-1"}}}}};
  for (const Query& query : queries) {
    const auto cursor = store().read({.query = query, .start = Start::from(StreamVersion{0})});
    ASSERT_FALSE(cursor);
    EXPECT_EQ(cursor.error().code, ErrorCode::invalid_argument);
  }
}

TEST_P(EventStoreContract, ALimitCountsAllRunsTogether) {
  fill(store());
  const auto cursor = store().read({.limit = 5});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(positions(*(*cursor)->next(3)), (Positions{1, 2, 3}));
  EXPECT_EQ(positions(*(*cursor)->next(3)), (Positions{4, 5}));
  EXPECT_TRUE((*cursor)->next(3)->empty());
  EXPECT_TRUE((*cursor)->next(3)->empty());
  EXPECT_TRUE(read({.limit = 0}).empty());
}

TEST_P(EventStoreContract, RunsJoinWithoutGapInBothDirections) {
  fill(store());
  for (const Direction direction : {Direction::forward, backward}) {
    for (std::size_t run = 1; run <= 6; ++run) {
      const auto cursor = store().read({.query = Query::category("b"), .direction = direction});
      ASSERT_TRUE(cursor);
      Positions seen;
      for (;;) {
        const auto events = (*cursor)->next(run);
        ASSERT_TRUE(events);
        if (events->empty()) break;
        EXPECT_LE(events->size(), run);
        for (const std::uint64_t position : positions(*events)) seen.push_back(position);
      }
      EXPECT_EQ(seen,
                direction == backward ? (Positions{10, 8, 6, 4, 2}) : (Positions{2, 4, 6, 8, 10}));
    }
  }
}

TEST_P(EventStoreContract, ACursorDoesNotSeeAppendsAfterItWasMade) {
  fill(store());
  const auto forward_cursor = store().read({});
  const auto backward_cursor = store().read({.direction = backward});
  ASSERT_TRUE(forward_cursor && backward_cursor);
  EXPECT_EQ((*forward_cursor)->next(4)->size(), 4U);
  fill(store());
  EXPECT_EQ(positions(*(*forward_cursor)->next()), (Positions{5, 6, 7, 8, 9, 10}));
  EXPECT_EQ((*backward_cursor)->next()->front().position, GlobalPosition{10});
  EXPECT_EQ((*forward_cursor)->cut().position, GlobalPosition{10});
}

TEST_P(EventStoreContract, EventsOutliveTheirCursor) {
  fill(store());
  RecordedEvents kept;
  {
    const auto cursor = store().read({.query = Query::stream("b-1")});
    kept = *(*cursor)->next();
  }
  const RecordedEvents copy = kept;
  kept = {};
  EXPECT_EQ(copy.back().stream, "b-1");
  EXPECT_EQ(copy.back().data, "{\"n\":1}");
}

// One writer appends pairs; readers check that what they see is whole pairs without gaps, and never
// less than they, or the head, showed before.
TEST_P(EventStoreContract, ReadersAlwaysSeeAPrefixOfWholeAppends) {
  constexpr int appends = 200;
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  readers.reserve(2);
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      std::uint64_t seen = 0;
      for (bool last = false; !last;) {
        last = done;
        const std::uint64_t head = store().head().position.value;
        const auto events = read_all(store(), {.start = Start::after(GlobalPosition{seen})});
        if (!events || seen + events->size() < head || events->size() % 2 != 0) ++wrong;
        if (!events) break;
        for (const RecordedEvent& event : *events) {
          if (event.position.value != ++seen) ++wrong;
        }
        std::this_thread::yield();
      }
      if (seen != std::uint64_t{2} * appends) ++wrong;
    });
  }
  for (int i = 0; i < appends; ++i) append(append_of({event_on("a-1"), event_on("b-1")}));
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace annals::testkit
