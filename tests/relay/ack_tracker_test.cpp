// How far everything is acknowledged, whatever the order.

#include "ack_tracker.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

namespace annals::internal {
namespace {

Link link_of(std::uint64_t position) {
  Link link;
  link.bytes[0] = static_cast<std::uint8_t>(position);
  link.bytes[1] = static_cast<std::uint8_t>(position >> 8U);
  return link;
}

Published nothing(std::size_t partitions) {
  return {.position = {},
          .link = {},
          .last_positions = std::vector<GlobalPosition>(partitions),
          .last_offsets = std::vector<std::int64_t>(partitions, -1)};
}

TEST(AckTracker, MovesOnlyPastWholeAppendsWithoutAHole) {
  AckTracker tracker(nothing(2));
  // An append of three, then one of one.
  EXPECT_EQ(tracker.add({.partition = 0, .position = {1}, .bytes = 10}), 0U);
  tracker.add({.partition = 1, .position = {2}, .bytes = 10});
  tracker.add({.partition = 0, .position = {3}, .end = link_of(3), .bytes = 10});
  tracker.add({.partition = 1, .position = {4}, .end = link_of(4), .bytes = 10});
  EXPECT_TRUE(tracker.acknowledge(0));
  EXPECT_TRUE(tracker.acknowledge(3));
  EXPECT_TRUE(tracker.acknowledge(1));
  EXPECT_EQ(tracker.published(), nothing(2)) << "inside an append";
  EXPECT_EQ(tracker.waiting_records(), 1U);
  EXPECT_EQ(tracker.waiting_bytes(), 10U);
  EXPECT_TRUE(tracker.acknowledge(2));
  EXPECT_EQ(tracker.published().position, GlobalPosition{4});
  EXPECT_EQ(tracker.published().link, link_of(4));
  EXPECT_EQ(tracker.published().last_positions, (std::vector<GlobalPosition>{{3}, {4}}));
  EXPECT_EQ(tracker.waiting_bytes(), 0U);
}

TEST(AckTracker, KnowsWhereTheLastRecordOfEachPartitionLies) {
  AckTracker tracker(nothing(2));
  tracker.add({.partition = 0, .position = {1}, .end = link_of(1)});
  tracker.add({.partition = 1, .position = {2}});
  tracker.add({.partition = 0, .position = {3}, .end = link_of(3)});
  tracker.acknowledge(1, 70);
  tracker.acknowledge(0, 5);
  EXPECT_EQ(tracker.published().last_offsets, (std::vector<std::int64_t>{5, -1}));
  tracker.acknowledge(2);
  EXPECT_EQ(tracker.published().last_offsets, (std::vector<std::int64_t>{-1, 70}));
}

TEST(AckTracker, AnAnswerThatComesTwiceOrForNothingCountsNothing) {
  AckTracker tracker(nothing(1));
  tracker.add({.partition = 0, .position = {1}, .end = link_of(1), .bytes = 5});
  tracker.add({.partition = 0, .position = {2}, .end = link_of(2), .bytes = 5, .watermark = true});
  EXPECT_TRUE(tracker.acknowledge(1));
  EXPECT_FALSE(tracker.acknowledge(1));
  EXPECT_TRUE(tracker.acknowledge(0));
  EXPECT_FALSE(tracker.acknowledge(0));
  EXPECT_FALSE(tracker.acknowledge(2));
  EXPECT_EQ(tracker.events(), 1U);
  EXPECT_EQ(tracker.watermarks(), 1U);
}

TEST(AckTracker, RecordsHandedOverInAnotherOrderCountInTheOrderOfTheirNumbers) {
  AckTracker tracker(nothing(2));
  EXPECT_EQ(tracker.reserve(3), 0U);
  EXPECT_EQ(tracker.next(), 3U);
  EXPECT_EQ(tracker.waiting_records(), 0U) << "nothing is under way yet";
  EXPECT_FALSE(tracker.acknowledge(0)) << "nor can it have arrived";
  tracker.put(1, {.partition = 1, .position = {2}, .end = link_of(2), .bytes = 10});
  EXPECT_TRUE(tracker.acknowledge(1));
  EXPECT_EQ(tracker.published(), nothing(2)) << "the first one is not even handed over";
  tracker.put(0, {.partition = 0, .position = {1}, .end = link_of(1), .bytes = 10});
  EXPECT_EQ(tracker.waiting_bytes(), 10U);
  EXPECT_TRUE(tracker.acknowledge(0));
  EXPECT_EQ(tracker.published().position, GlobalPosition{2});
  EXPECT_EQ(tracker.first_waiting(), 2U);
  tracker.put(2, {.partition = 0, .position = {3}, .end = link_of(3), .bytes = 10});
  EXPECT_TRUE(tracker.acknowledge(2));
  EXPECT_EQ(tracker.published().last_positions, (std::vector<GlobalPosition>{{3}, {2}}));
}

// Against the obvious way: at each step, the longest prefix of which everything is acknowledged,
// cut at an append's end.
TEST(AckTracker, AgreesWithTheObviousWayInAnyOrder) {
  std::mt19937_64 random(testkit::seed(4711));
  for (int round = 0; round < 300; ++round) {
    const std::size_t partitions = 1 + random() % 5;
    const std::size_t count = 1 + random() % 60;
    std::vector<Produced> records;
    for (std::uint64_t position = 1; position <= count; ++position) {
      records.push_back({.partition = static_cast<std::uint32_t>(random() % partitions),
                         .position = {position},
                         .end = random() % 3 == 0 ? std::optional(link_of(position)) : std::nullopt,
                         .bytes = random() % 100});
    }
    AckTracker tracker(nothing(partitions));
    std::vector<std::size_t> waiting;
    std::vector<bool> done(count);
    std::size_t added = 0;
    while (added < count || !waiting.empty()) {
      if (added < count && (waiting.empty() || random() % 2 == 0)) {
        ASSERT_EQ(tracker.add(records[added]), added);
        waiting.push_back(added++);
      } else {
        std::swap(waiting[random() % waiting.size()], waiting.back());
        ASSERT_TRUE(tracker.acknowledge(waiting.back()));
        done[waiting.back()] = true;
        waiting.pop_back();
      }
      Published expected = nothing(partitions);
      Published reached = expected;
      for (std::size_t i = 0; i < count && done[i]; ++i) {
        reached.last_positions[records[i].partition] = records[i].position;
        if (!records[i].end) continue;
        reached.position = records[i].position;
        reached.link = records[i].end;
        expected = reached;
      }
      ASSERT_EQ(tracker.published(), expected);
      std::size_t bytes = 0;
      for (const std::size_t i : waiting) bytes += records[i].bytes;
      ASSERT_EQ(tracker.waiting_bytes(), bytes);
    }
  }
}

}  // namespace
}  // namespace annals::internal
