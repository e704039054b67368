// The rule that consumers keep to, and that it is enough.

#include "acceptance.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

namespace annals::internal {
namespace {

const Token history{new_store_id(), Era{2}, {}};

RecordPlace place(std::uint64_t position, std::uint64_t previous) {
  return {history.store, history.era, {position}, {previous}};
}

TEST(Acceptance, TakesWhatFollowsAndDropsWhatComesAgain) {
  Acceptance acceptance("ledger", history, {{0}, {10}});
  EXPECT_TRUE(*acceptance.take(0, place(3, 0)));
  EXPECT_FALSE(*acceptance.take(0, place(3, 0)));
  EXPECT_TRUE(*acceptance.take(0, place(8, 3)));
  EXPECT_FALSE(*acceptance.take(0, place(3, 0)));
  EXPECT_TRUE(*acceptance.take(0, place(9, 5))) << "a watermark lay elsewhere the first time";
  EXPECT_FALSE(*acceptance.take(1, place(10, 9)));
  EXPECT_TRUE(*acceptance.take(1, place(12, 10)));
  EXPECT_EQ(acceptance.taken(0), GlobalPosition{9});
  EXPECT_EQ(acceptance.taken(1), GlobalPosition{12});
}

TEST(Acceptance, StopsAtAGapAndTakesNothingBehindIt) {
  Acceptance acceptance("ledger", history, {{5}});
  const auto gap = acceptance.take(0, place(9, 6));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, ErrorCode::corrupt);
  EXPECT_EQ(gap.error().message,
            "topic ledger, partition 0: a gap: position 9 follows 6, and the last one taken is 5");
  EXPECT_EQ(acceptance.taken(0), GlobalPosition{5});
  EXPECT_TRUE(*acceptance.take(0, place(6, 5)));
}

TEST(Acceptance, RefusesTheLastPositionWithAnotherLink) {
  const auto linked = [](std::uint64_t position, std::uint64_t previous, std::uint8_t byte) {
    RecordPlace record = place(position, previous);
    record.link = Link{};
    record.link->bytes[0] = byte;
    return record;
  };
  Acceptance acceptance("ledger", history, {{0}});
  EXPECT_TRUE(*acceptance.take(0, linked(3, 0, 1)));
  EXPECT_FALSE(*acceptance.take(0, linked(3, 0, 1)));
  EXPECT_EQ(acceptance.take(0, linked(3, 0, 2)).error().code, ErrorCode::diverged);
  EXPECT_FALSE(*acceptance.take(0, place(3, 0))) << "a record that does not say it";
  // As a checkpoint tells it after a restart.
  acceptance.begin(0, {7}, linked(7, 3, 1).link);
  EXPECT_FALSE(*acceptance.take(0, linked(7, 3, 1)));
  const auto refused = acceptance.take(0, linked(7, 3, 2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::diverged);
  EXPECT_TRUE(*acceptance.take(0, linked(9, 7, 5)));
}

TEST(Acceptance, RefusesAnotherHistory) {
  Acceptance acceptance("ledger", history, {{5}});
  RecordPlace strange = place(6, 5);
  strange.store = new_store_id();
  EXPECT_EQ(acceptance.take(0, strange).error().code, ErrorCode::invalid_argument);
  strange.position = {4};
  EXPECT_EQ(acceptance.take(0, strange).error().code, ErrorCode::invalid_argument);
  RecordPlace later = place(6, 5);
  later.era = {3};
  EXPECT_EQ(acceptance.take(0, later).error().code, ErrorCode::diverged);
  later.position = {5};
  EXPECT_FALSE(*acceptance.take(0, later)) << "what was taken already changes nothing";
  EXPECT_EQ(acceptance.taken(0), GlobalPosition{5});
}

TEST(RecordPlaces, AreReadFromHeadersOrRefusedByName) {
  const std::map<std::string, std::string, std::less<>> whole = {
      {"annals-store", to_string(history.store)},
      {"annals-era", "2"},
      {"annals-position", "9"},
      {"annals-prev", "6"},
      {"annals-link", std::string(64, 'a')}};
  const auto read = [](const auto& headers) {
    return read_place([&](std::string_view name) -> std::optional<std::string_view> {
      const auto found = headers.find(name);
      if (found == headers.end()) return std::nullopt;
      return found->second;
    });
  };
  RecordPlace expected = place(9, 6);
  expected.link = parse_digest(std::string(64, 'a'));
  EXPECT_EQ(*read(whole), expected);
  for (const auto& [name, value] : whole) {
    auto less = whole;
    less.erase(name);
    const auto without = read(less);
    if (name == "annals-link") {
      EXPECT_EQ(without->link, std::nullopt);
    } else {
      EXPECT_NE(without.error().message.find(name + " is missing"), std::string::npos);
    }
    for (const char* wrong : {"", "x", "-1", "9 ", "99999999999999999999"}) {
      auto damaged = whole;
      damaged[name] = wrong;
      const auto refused = read(damaged);
      ASSERT_FALSE(refused) << name << " " << wrong;
      EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    }
  }
}

// Several relays, each begun at or behind what was published without a hole, whose records come in
// each one's order but among one another in any: the argument of docs/explanation/relay.md.
TEST(Acceptance, IsEnoughWhateverWayTheRecordsOfOvertakenRelaysCome) {
  std::mt19937_64 random(testkit::seed(6004));
  for (int round = 0; round < 500; ++round) {
    const std::uint64_t head = 1 + random() % 80;
    std::vector<std::uint64_t> events;  // Positions of this partition's events.
    for (std::uint64_t position = 1; position <= head; ++position) {
      if (random() % 3 == 0) events.push_back(position);
    }
    // A relay's records from behind `begin` on, with watermarks where it pleases.
    const auto records_after = [&](std::uint64_t begin, std::uint64_t last) {
      std::vector<RecordPlace> records;
      for (std::uint64_t position = begin + 1; position <= head; ++position) {
        const bool event = std::binary_search(events.begin(), events.end(), position);
        if (!event && random() % 6 != 0) continue;
        records.push_back(place(position, last));
        last = position;
      }
      return records;
    };
    std::vector<RecordPlace> topic;
    std::vector<std::vector<RecordPlace>>
        late;  // What overtaken relays still have in their queues.
    std::uint64_t checkpoint = 0;
    std::uint64_t last_at_checkpoint = 0;
    for (int relays = 1 + static_cast<int>(random() % 4); relays > 0; --relays) {
      auto records = records_after(checkpoint, last_at_checkpoint);
      const std::size_t published = relays == 1 ? records.size() : random() % (records.size() + 1);
      for (std::size_t i = 0; i < published; ++i) {
        topic.push_back(records[i]);
        while (!late.empty() && random() % 2 == 0) {
          auto& queue = late[random() % late.size()];
          if (!queue.empty()) topic.push_back(queue.front());
          if (!queue.empty())
            queue.erase(queue.begin());
          else
            break;
        }
      }
      const std::size_t acknowledged = published == 0 ? 0 : random() % published;
      if (acknowledged > 0) {
        checkpoint = records[acknowledged - 1].position.value;
        last_at_checkpoint = checkpoint;
      }
      late.emplace_back(records.begin() + static_cast<std::ptrdiff_t>(published), records.end());
    }
    Acceptance acceptance("ledger", history, {{0}});
    std::vector<std::uint64_t> taken;
    for (const RecordPlace& record : topic) {
      const auto next = acceptance.take(0, record);
      ASSERT_TRUE(next) << next.error().message;
      const std::uint64_t position = record.position.value;
      if (*next && std::binary_search(events.begin(), events.end(), position)) {
        taken.push_back(position);
      }
    }
    ASSERT_EQ(taken, events);
  }
}

}  // namespace
}  // namespace annals::internal
