// What a writer sees while it forms a group, and the small rules beside it.

#include "group_view.hpp"

#include <gtest/gtest.h>

#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>

#include "index_entries.hpp"
#include "prepared_append.hpp"
#include "written_streams.hpp"

namespace annals::internal {
namespace {

using testkit::append_of;
using testkit::append_to;
using testkit::event_on;
using testkit::ManualClock;
using testkit::tagged;

constexpr std::chrono::microseconds skew = std::chrono::minutes(5);
constexpr Timestamp now = ManualClock::beginning;

PreparedAppend prepared(AppendRequest request) {
  auto result = prepare(std::move(request), {}, test_hasher);
  EXPECT_TRUE(result) << to_string(result.error());
  return *std::move(result);
}

TEST(GroupView, LaterAppendsOfAGroupSeeVersionsOfEarlierOnes) {
  const IndexEntries entries;
  const Index index(test_hasher, entries);
  GroupView view(index);
  auto first = prepared(append_to("a-1", ExpectedVersion::no_stream(), 2));
  ASSERT_TRUE(view.check(first, now, skew));
  ASSERT_TRUE(view.add(first));
  EXPECT_EQ(first.keys[0].version, StreamVersion{0});
  EXPECT_EQ(first.keys[1].version, StreamVersion{1});
  EXPECT_EQ(view.head(), GlobalPosition{2});
  EXPECT_EQ(*view.last_version("a-1"), StreamVersion{1});

  EXPECT_FALSE(view.check(first, now, skew));
  auto second = prepared(append_to("a-1", ExpectedVersion::exactly({1})));
  ASSERT_TRUE(view.check(second, now, skew));
  ASSERT_TRUE(view.add(second));
  EXPECT_EQ(second.keys[0].version, StreamVersion{2});
}

TEST(GroupView, ConditionsSeeTheGroupAndNothingBeforeTheirPosition) {
  const IndexEntries entries;
  Index index(test_hasher, entries);
  RecordKeys key{.event = true, .stream = "x-1", .version = {0}, .type = "t", .tags = {}};
  key.hash(test_hasher);
  const Publication publication{.entry = {.id = new_append_id(),
                                          .digest = {},
                                          .first = {1},
                                          .count = 1,
                                          .recorded_at = {},
                                          .link = {}},
                                .offset = 0,
                                .check = 0,
                                .records = {&key, 1}};
  index.add({&publication, 1});
  GroupView view(index);
  auto first = prepared(append_of({tagged(event_on("a-1"), {"red"}), event_on("a-2")}));
  auto second = prepared(append_of({tagged(event_on("a-3"), {"blue"})}));
  ASSERT_TRUE(view.add(first));
  const auto matches = [&](Query query, std::uint64_t after) -> std::uint64_t {
    AppendRequest request;
    request.conditions.push_back({std::move(query), {after}});
    const auto result = view.check(prepared(std::move(request)), now, skew);
    if (result) return 0;
    EXPECT_EQ(result.error().code, ErrorCode::condition_failed);
    return result.error().position->value;
  };
  EXPECT_EQ(matches(Query::tag("red"), 0), 2U);
  EXPECT_EQ(matches(Query::tag("red"), 2), 0U);
  EXPECT_EQ(matches(Query::tag("blue"), 0), 0U);
  ASSERT_TRUE(view.add(second));  // After a condition has looked at the group.
  EXPECT_EQ(matches(Query::tag("blue"), 0), 4U);
  EXPECT_EQ(matches(Query::all(), 0), 1U);
  EXPECT_EQ(matches(Query::all(), 3), 4U);
  EXPECT_EQ(matches(Query::all(), 4), 0U);
}

TEST(GroupView, WhatIsInFlightCountsUntilItIsVisible) {
  const IndexEntries entries;
  Index index(test_hasher, entries);
  GroupView view(index);
  auto first = prepared(append_of({tagged(event_on("a-1"), {"red"}), event_on("a-2")}));
  ASSERT_TRUE(view.add(first));
  view.begin_behind();
  EXPECT_EQ(view.head(), GlobalPosition{2});
  EXPECT_EQ(*view.last_version("a-1"), StreamVersion{0});
  AppendRequest red;
  red.conditions.push_back({Query::tag("red"), {0}});
  const auto refused = view.check(prepared(red), now, skew);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().position, GlobalPosition{1});
  auto second = prepared(append_to("a-1", ExpectedVersion::exactly({0})));
  ASSERT_TRUE(view.check(second, now, skew));
  ASSERT_TRUE(view.add(second));
  EXPECT_EQ(second.keys[0].version, StreamVersion{1});
  EXPECT_EQ(view.head(), GlobalPosition{3});

  const Publication publication{.entry = {.id = new_append_id(),
                                          .digest = {},
                                          .first = {1},
                                          .count = 2,
                                          .recorded_at = {},
                                          .link = {}},
                                .offset = 0,
                                .check = 0,
                                .records = first.keys};
  index.add({&publication, 1});
  view.landed();
  EXPECT_EQ(*view.last_version("a-1"), StreamVersion{1});  // Of the group behind it.
  EXPECT_EQ(*view.last_version("a-2"), StreamVersion{0});  // Of the index.
  EXPECT_FALSE(view.check(prepared(red), now, skew));
  view.begin();
  EXPECT_EQ(*view.last_version("a-1"), StreamVersion{0});
  EXPECT_EQ(view.head(), GlobalPosition{2});
}

TEST(ClockRule, RecordedAtIsTheLaterOfClockAndLast) {
  EXPECT_EQ(*recorded_at_for(now, std::nullopt, skew), now);
  EXPECT_EQ(*recorded_at_for(now, now - skew, skew), now);
  EXPECT_EQ(*recorded_at_for(now, now + skew, skew), now + skew);
  const auto refused = recorded_at_for(now, now + skew + std::chrono::microseconds(1), skew);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(*recorded_at_for(now, now + 2 * skew, std::chrono::microseconds::max()),
            now + 2 * skew);
}

TEST(WrittenStreams, KeepTheLastVersionOfEachSortedByName) {
  WrittenStreams written;
  written.add("b", {0});
  written.add("a", {7});
  written.add("b", {1});
  written.add("b", {2});
  const std::vector<Receipt::Written> expected = {{"a", {7}}, {"b", {2}}};
  EXPECT_EQ(written.take(), expected);
  EXPECT_TRUE(written.take().empty());
}

}  // namespace
}  // namespace annals::internal
