// Records of partitions, put back into the order of the log.

#include "global_order.hpp"

#include <deque>
#include <random>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

namespace annals::internal {
namespace {

Link link_at(std::uint64_t position) {
  Link link;
  for (int i = 0; i < 8; ++i) {
    link.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(position >> (8 * i));
  }
  return link;
}
ReceivedRecord event_at(std::uint64_t position) {
  ReceivedRecord record{.place = {{}, {}, {position}, {}, {}}};
  record.event.emplace().position = {position};
  return record;
}
ReceivedRecord watermark_at(std::uint64_t position) {
  return {.place = {{}, {}, {position}, {}, link_at(position)}};
}

TEST(GlobalOrder, GivesOutWhatFollowsAndWaitsForWhatMayLieBetween) {
  GlobalOrder order(2, {10});
  EXPECT_TRUE(order.wants(0));
  order.add(0, event_at(13));
  EXPECT_FALSE(order.wants(0));
  EXPECT_FALSE(order.next()) << "11 and 12 may be in the other partition";
  order.add(1, event_at(11));
  EXPECT_EQ(order.next()->record.place.position, GlobalPosition{11});
  EXPECT_FALSE(order.next());
  order.add(1, event_at(12));
  EXPECT_EQ(order.next()->record.place.position, GlobalPosition{12});
  const auto last = order.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->record.place.position, GlobalPosition{13});
  EXPECT_EQ(last->partition, 0U);
}

TEST(GlobalOrder, PassesPositionsWhereNoPartitionHasAnEvent) {
  GlobalOrder order(2, {0});
  order.add(0, event_at(5));
  EXPECT_FALSE(order.next());
  order.add(1, watermark_at(4));
  EXPECT_FALSE(order.next()) << "5 itself is known, but 1 to 4 may come first";
  order.add(1, watermark_at(5));
  EXPECT_EQ(order.next()->record.place.position, GlobalPosition{5});
}

TEST(GlobalOrder, TellsAnEndBeyondTheLastEventOnlyWhenAllPartitionsHaveSeenIt) {
  GlobalOrder order(2, {0});
  order.add(0, event_at(1));
  order.add(0, watermark_at(7));
  order.add(1, watermark_at(6));
  EXPECT_FALSE(order.end_beyond()) << "event 1 was not given out";
  ASSERT_TRUE(order.next());
  auto end = order.end_beyond();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->position, GlobalPosition{6});
  EXPECT_EQ(end->link, link_at(6));
  EXPECT_FALSE(order.end_beyond());
  order.add(1, event_at(8));
  end = order.end_beyond();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->position, GlobalPosition{7});
}

// Any history over any partitions, with watermarks anywhere, arriving in any way that keeps each
// partition's order.
TEST(GlobalOrder, IsThatOfTheLogHoweverTheRecordsArrive) {
  std::mt19937_64 random(testkit::seed(6102));
  for (int round = 0; round < 500; ++round) {
    const auto partitions = static_cast<std::uint32_t>(1 + random() % 12);
    const std::uint64_t begin = random() % 10;
    const std::uint64_t head = begin + 1 + random() % 100;
    const bool holes = random() % 3 == 0;
    std::vector<std::deque<ReceivedRecord>> arriving(partitions);
    std::vector<std::uint64_t> expected;
    for (std::uint64_t position = begin + 1; position <= head; ++position) {
      if (!holes || random() % 3 != 0) {
        arriving[random() % partitions].push_back(event_at(position));
        expected.push_back(position);
      }
      for (auto& partition : arriving) {
        const bool there = !partition.empty() && partition.back().place.position.value == position;
        if (!there && (position == head || random() % 8 == 0)) {
          partition.push_back(watermark_at(position));
        }
      }
    }
    GlobalOrder order(partitions, {begin});
    std::vector<std::uint64_t> given;
    std::uint64_t ended = begin;
    const auto take_all = [&] {
      while (auto next = order.next()) given.push_back(next->record.place.position.value);
      if (const auto end = order.end_beyond()) {
        ASSERT_GT(end->position.value, ended);
        ended = end->position.value;
        ASSERT_EQ(end->link, link_at(ended));
        // Nothing up to there comes later.
        for (const auto& partition : arriving) {
          for (const auto& record : partition) {
            ASSERT_TRUE(!record.event || record.place.position.value > ended);
          }
        }
      }
    };
    bool more = true;
    while (more) {
      more = false;
      for (std::uint32_t i = 0; i < partitions; ++i) {
        if (arriving[i].empty()) continue;
        more = true;
        // More than is wanted comes now and then.
        if ((!order.wants(i) && random() % 20 != 0) || random() % 2 == 0) continue;
        order.add(i, std::move(arriving[i].front()));
        arriving[i].pop_front();
        take_all();
      }
    }
    ASSERT_EQ(given, expected);
    ASSERT_EQ(order.passed(), GlobalPosition{head});
  }
}

}  // namespace
}  // namespace annals::internal
