// The index against a scan of everything that was added to it.

#include "index.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "index_entries.hpp"
#include "log/index_file.hpp"

namespace annals::internal {
namespace {

using testkit::event_on;
using testkit::tagged;

AppendId id_of(std::uint64_t n) { return append_id_of("append " + std::to_string(n)); }

// An index and, beside it, a list of all it knows; position p is at p - 1. A record that is no
// event is nullopt.
struct Indexed {
  IndexEntries appends;
  Index index{test_hasher, appends};
  std::vector<std::optional<NewEvent>> records;
  std::map<std::string, std::uint64_t> versions;

  void add(const std::vector<std::optional<NewEvent>>& append, Timestamp recorded_at) {
    const AppendEntry entry{.id = id_of(index.append_count()),
                            .digest = {},
                            .first = {records.size() + 1},
                            .count = static_cast<std::uint32_t>(append.size()),
                            .recorded_at = recorded_at,
                            .link = {}};
    std::vector<std::vector<std::string_view>> tags(append.size());
    std::vector<std::vector<KeyHash>> hashes(append.size());
    std::vector<RecordKeys> keys;
    for (std::size_t i = 0; i < append.size(); ++i) {
      if (!append[i]) {
        keys.push_back({.event = false, .stream = {}, .version = {}, .type = {}, .tags = {}});
        continue;
      }
      const NewEvent& event = *append[i];
      tags[i].assign(event.tags.begin(), event.tags.end());
      for (const auto& tag : tags[i]) hashes[i].push_back(test_hasher(KeyKind::tag, tag));
      keys.push_back({.event = true,
                      .stream = event.stream,
                      .version = {versions[event.stream]++},
                      .type = event.type,
                      .tags = tags[i],
                      .tag_hashes = hashes[i]});
      keys.back().hash(test_hasher);
    }
    const Publication publication{.entry = entry,
                                  .offset = static_cast<std::uint32_t>(appends.entries.size()),
                                  .check = 0,
                                  .records = keys};
    appends.entries.push_back(entry);
    index.add(std::span(&publication, 1));
    records.insert(records.end(), append.begin(), append.end());
  }

  // The newest part is complete: in memory, or in a file.
  void end_part(bool to_a_file) {
    const auto part = index.begin_part(++parts);
    if (part == nullptr || !to_a_file) return;
    const IndexFile::Segment segment{part->number(), part->first(), part->last(), 1000, {}};
    ASSERT_TRUE(IndexFile::write(disk, ".", store, segment, *part));
    auto file = IndexFile::open(disk, ".", store, segment,
                                [part] { return Result<std::shared_ptr<const MemoryPart>>(part); });
    ASSERT_TRUE(file && *file);
    ASSERT_TRUE((*file)->ready());
    EXPECT_FALSE((*file)->was_rebuilt());
    index.replace_part(*file);
  }
  const StoreId store{{7}};
  testkit::FaultFileSystem disk;
  std::uint64_t parts = 0;

  std::vector<GlobalPosition> scan(const Query& query, std::uint64_t after,
                                   std::uint64_t up_to) const {
    std::vector<GlobalPosition> found;
    for (std::uint64_t p = after + 1; p <= std::min<std::uint64_t>(up_to, records.size()); ++p) {
      if (records[p - 1] && matches(query, *records[p - 1])) found.push_back({p});
    }
    return found;
  }
};

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

class IndexOfParts : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Parts, IndexOfParts, testing::Values(1, 2, 7, 60));

TEST_P(IndexOfParts, SelectsWhatAScanDoesInBothDirectionsAndResumes) {
  std::mt19937_64 random(testkit::seed(7));
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  // Posting lists of very different lengths: name n occurs about half as often as name n - 1.
  const auto name = [&](const char* kind) {
    std::uint64_t n = 0;
    while (n < 9 && below(2) == 0) ++n;
    return kind + std::to_string(n);
  };
  const auto any = [&](const char* kind) {
    return kind + std::to_string(below(11));  // The last of them never occurs.
  };

  Indexed indexed;
  while (indexed.records.size() < 3000) {
    std::vector<std::optional<NewEvent>> append;
    for (std::uint64_t n = 1 + below(4); n > 0; --n) {
      if (below(20) == 0) {
        append.emplace_back();
        continue;
      }
      std::set<std::string> tags;
      for (std::uint64_t t = below(4); t > 0; --t) tags.insert(name("tag"));
      append.push_back(tagged(event_on(name("cat") + "-" + name("s"), name("type")),
                              {tags.begin(), tags.end()}));
    }
    indexed.add(append, {});
    if (indexed.records.size() * GetParam() / 3000 > indexed.parts) {
      indexed.end_part(below(4) != 0);
    }
  }
  for (const auto& [stream, count] : indexed.versions) {
    EXPECT_EQ(*indexed.index.last_version(stream), StreamVersion{count - 1});
    std::uint64_t version = 0;
    for (std::uint64_t p = 1; p <= indexed.records.size(); ++p) {
      if (!indexed.records[p - 1] || indexed.records[p - 1]->stream != stream) continue;
      ASSERT_EQ(*indexed.index.position_of(stream, {version++}), GlobalPosition{p}) << stream;
    }
    EXPECT_EQ(*indexed.index.position_of(stream, {version}), std::nullopt);
  }
  for (std::uint64_t i = 0; i < indexed.index.append_count(); ++i) {
    ASSERT_EQ((*indexed.index.find(id_of(i)))->first, indexed.appends.entries[i].first);
  }
  EXPECT_FALSE(indexed.index.find(id_of(1'000'000))->has_value());
  EXPECT_EQ(indexed.index.stream_count(), indexed.versions.size());

  for (int i = 0; i < 500; ++i) {
    Query query;
    for (std::uint64_t items = below(4); items > 0; --items) {
      QueryItem item;
      while (below(4) == 0) item.streams.push_back(any("cat") + "-" + any("s"));
      while (below(3) == 0) item.categories.push_back(any("cat"));
      while (below(3) == 0) item.types.push_back(any("type"));
      while (below(3) == 0) item.tags.push_back(any("tag"));
      query.items.push_back(std::move(item));
    }
    const std::uint64_t after = below(3000);
    const std::uint64_t up_to = after + below(3200 - after);
    auto expected = indexed.scan(query, after, up_to);
    EXPECT_EQ(*indexed.index.select(query, {after}, {up_to}, no_limit), expected);

    // In pieces, each going on where the last one ended.
    std::vector<GlobalPosition> pieces;
    for (GlobalPosition at{after};;) {
      const auto piece = *indexed.index.select(query, at, {up_to}, 1 + below(50));
      if (piece.empty()) break;
      pieces.insert(pieces.end(), piece.begin(), piece.end());
      at = piece.back();
    }
    EXPECT_EQ(pieces, expected);

    const auto first = indexed.scan(query, after, 3200);
    EXPECT_EQ(*indexed.index.first_match(query, {after}),
              first.empty() ? std::nullopt : std::optional(first.front()));

    std::reverse(expected.begin(), expected.end());
    EXPECT_EQ(*indexed.index.select_backward(query, {up_to + 1}, {after + 1}, no_limit), expected);
    expected.resize(std::min<std::size_t>(expected.size(), 5));
    EXPECT_EQ(*indexed.index.select_backward(query, {up_to + 1}, {after + 1}, 5), expected);
  }
}

TEST(Index, BoundsAtTheEndsOfTheRangeOfPositionsSelectNothingWrong) {
  Indexed indexed;
  indexed.add({event_on("a-1"), event_on("a-1")}, {});
  const GlobalPosition highest{std::numeric_limits<std::uint64_t>::max()};
  for (const Query& query : {Query::all(), Query::stream("a-1")}) {
    EXPECT_EQ(indexed.index.select(query, {0}, highest, no_limit)->size(), 2U);
    EXPECT_EQ(indexed.index.select(query, highest, highest, no_limit)->size(), 0U);
    EXPECT_EQ(indexed.index.select_backward(query, highest, {0}, no_limit)->size(), 2U);
    EXPECT_EQ(indexed.index.select_backward(query, {0}, {0}, no_limit)->size(), 0U);
    EXPECT_EQ(indexed.index.select_backward(query, {1}, {1}, no_limit)->size(), 0U);
    EXPECT_EQ(indexed.index.select(query, {0}, {2}, 0)->size(), 0U);
  }
}

TEST(Index, AppendsAreFoundByIdByPositionAndByTime) {
  const Timestamp start = testkit::ManualClock::beginning;
  Indexed indexed;
  indexed.add({event_on("a-1"), event_on("b-1")}, start);
  indexed.add({event_on("a-1")}, start);
  indexed.add({event_on("a-1"), std::nullopt, event_on("b-1")}, start + std::chrono::seconds(5));
  const Index& index = indexed.index;

  EXPECT_EQ(index.head(), GlobalPosition{6});
  EXPECT_EQ(index.append_count(), 3U);
  EXPECT_EQ(index.stream_count(), 2U);
  EXPECT_EQ((*index.find(id_of(1)))->first, GlobalPosition{3});
  EXPECT_FALSE(index.find(id_of(9))->has_value());
  const std::uint64_t first_of_holding[] = {1, 1, 3, 4, 4, 4};
  for (std::uint64_t p = 1; p <= 6; ++p) {
    EXPECT_EQ(index.holding({p})->first.value, first_of_holding[p - 1]);
  }
  EXPECT_EQ(*index.last_at(start - std::chrono::microseconds(1)), GlobalPosition{0});
  EXPECT_EQ(*index.last_at(start), GlobalPosition{3});
  EXPECT_EQ(*index.last_at(start + std::chrono::seconds(4)), GlobalPosition{3});
  EXPECT_EQ(*index.last_at(start + std::chrono::seconds(5)), GlobalPosition{6});

  EXPECT_EQ(*index.last_version("a-1"), StreamVersion{2});
  EXPECT_EQ(*index.last_version("c-1"), std::nullopt);
  EXPECT_EQ(*index.position_of("a-1", {1}), GlobalPosition{3});
  EXPECT_EQ(*index.position_of("b-1", {1}), GlobalPosition{6});
  EXPECT_EQ(*index.position_of("b-1", {2}), std::nullopt);
}

}  // namespace
}  // namespace annals::internal
