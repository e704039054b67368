// Promises P1, P2, P3 and P5 against kill -9 of a real process on the real file system. The oracle
// is here, outside of it: it knows what was acknowledged only from the pipe.
//
// ANNALS_SEED says how the kills fall; ANNALS_SOAK makes many more.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "dying_file_system.hpp"
#include "killed_program.hpp"
#include "requests.hpp"
#include "simulation/oracle.hpp"
#include "step_recorder.hpp"

namespace annals::crash {
namespace {

constexpr std::uint64_t usual_appends = 240;

struct Ack {
  GlobalPosition first;
  GlobalPosition last;
  Timestamp recorded_at;
  Link link;
  bool repeated = false;
};

/// One store in a folder, its writer, and what the world knows of it.
class KilledStore {
 public:
  explicit KilledStore(std::uint64_t seed, std::uint64_t appends = usual_appends)
      : seed_(seed), appends_(appends) {
    for (std::uint64_t i = 0; i < appends; ++i) oracle_.send(request(seed, i));
  }

  /// Lets the writer work from its first request on until `kill_after` appends have been
  /// acknowledged that are new and `patience` is over, or to its end.
  KilledProgram::Outcome work(std::uint64_t kill_after, std::uint64_t threads,
                              KillPoint point = KillPoint::never, std::uint64_t nth = 0,
                              std::uint64_t end = 0, std::chrono::microseconds patience = {}) {
    std::vector<std::string> command{CRASH_WRITER,
                                     folder_.file("store"),
                                     std::to_string(seed_),
                                     "0",
                                     std::to_string(end == 0 ? appends_ : end),
                                     std::to_string(threads)};
    ::setenv("CRASH_STEPS", folder_.file("steps").c_str(), 1);
    if (point != KillPoint::never) {
      command.emplace_back(to_string(point));
      command.push_back(std::to_string(nth));
    }
    for (const std::size_t number : oracle_.absent()) {
      oracle_.send_again(number, oracle_.request(number));
    }
    std::uint64_t fresh = 0;
    return KilledProgram(command).run([&](const std::string& line) {
      fresh += note(line) ? 1 : 0;
      if (fresh < kill_after) return true;
      std::this_thread::sleep_for(std::exchange(patience, {}));
      return false;
    });
  }

  /// Opens the store, compares it with all that was acknowledged, and keeps its stats.
  void expect_kept() {
    auto store = open_log_event_store({.path = folder_.file("store"), .segment_bytes = 64 * 1024});
    ASSERT_TRUE(store) << to_string(store.error());
    stats_ = (*store)->stats();
    for (const auto& [number, ack] : acks_) {
      const auto found = (*store)->find_append(*oracle_.request(number).id);
      ASSERT_TRUE(found) << to_string(found.error());
      ASSERT_TRUE(*found) << "append #" << number << ", acknowledged, is lost";
      const Receipt& receipt = **found;
      ASSERT_EQ(receipt.first_position, ack.first) << "append #" << number;
      ASSERT_EQ(receipt.last_position, ack.last) << "append #" << number;
      ASSERT_EQ(receipt.recorded_at, ack.recorded_at) << "append #" << number;
      ASSERT_EQ(receipt.link, ack.link) << "append #" << number;
      oracle_.acknowledge(number, receipt);
    }
    const auto broken = oracle_.compare(**store);
    ASSERT_FALSE(broken) << *broken;
    beyond_ = oracle_.present().size() - acks_.size();
  }

  std::uint64_t acknowledged() const { return acks_.size(); }
  /// Appends in the log that nobody was told of, at the last comparison.
  std::uint64_t beyond() const { return beyond_; }
  const Stats& stats() const { return stats_; }
  std::vector<std::string> steps() const { return steps_under_way(folder_.file("steps")); }
  bool holds(std::uint64_t number) const {
    const auto present = oracle_.present();
    return std::find(present.begin(), present.end(), number) != present.end();
  }
  const Ack& ack(std::uint64_t number) const { return acks_.at(number); }
  const Receipt& receipt(std::uint64_t number) const { return oracle_.receipt(number); }

 private:
  /// Says whether the line tells of something new.
  bool note(const std::string& line) {
    std::istringstream words(line);
    std::uint64_t number = 0;
    Ack ack;
    std::int64_t micros = 0;
    std::string link;
    words >> number >> ack.first.value >> ack.last.value >> micros >> link >> ack.repeated;
    const auto digest = parse_digest(link);
    if (!words || !digest || number >= appends_) {
      ADD_FAILURE() << "not a line of the writer's: " << line;
      return false;
    }
    ack.recorded_at = Timestamp(std::chrono::microseconds(micros));
    ack.link = *digest;
    // What was in the log at the last look must be answered from there, and nothing else.
    const bool known = holds(number);
    EXPECT_EQ(ack.repeated, known) << "append #" << number;
    const auto [first, is_new] = acks_.emplace(number, ack);
    if (!is_new) {
      EXPECT_EQ(first->second.first, ack.first) << "append #" << number;
      EXPECT_EQ(first->second.link, ack.link) << "append #" << number;
    }
    first->second.repeated = ack.repeated;
    return !ack.repeated;
  }

  const std::uint64_t seed_;
  const std::uint64_t appends_;
  const testkit::TemporaryFolder folder_;
  simulation::Oracle oracle_;
  std::map<std::uint64_t, Ack> acks_;
  std::uint64_t beyond_ = 0;
  Stats stats_;
};

/// Where kills landed, as far as it can be seen from what was left.
struct Landings {
  std::uint64_t kills = 0;
  std::uint64_t nothing_beyond = 0;    // Before a write, or after all were told.
  std::uint64_t torn = 0;              // In the write of a group.
  std::uint64_t written_unmarked = 0;  // After the write, before the mark.
  std::uint64_t marked_untold = 0;     // After the mark, before the answer.
  std::uint64_t beyond_max = 0;
  std::array<std::uint64_t, 10> tenths{};  // Of the work that was done by then.

  std::map<std::string, std::uint64_t> steps;  // What it was at; several, by several threads.

  void add(const KilledStore& store, std::uint64_t appends) {
    const auto under_way = store.steps();
    if (under_way.empty()) ++steps["between operations"];
    for (const std::string& step : under_way) ++steps[step];
    ++kills;
    beyond_max = std::max(beyond_max, store.beyond());
    ++tenths[std::min<std::uint64_t>(9, store.acknowledged() * 10 / appends)];
    if (store.stats().torn_bytes_cut > 0) {
      ++torn;
    } else if (store.stats().rewritten_groups > 0) {
      ++written_unmarked;
    } else if (store.beyond() > 0) {
      ++marked_untold;
    } else {
      ++nothing_beyond;
    }
  }
  void print() const {
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf(
        "%llu kills: %llu left nothing untold, %llu in a write, %llu between write and "
        "mark, %llu between mark and answer; at most %llu appends untold\n",
        number(kills), number(nothing_beyond), number(torn), number(written_unmarked),
        number(marked_untold), number(beyond_max));
    std::printf("by tenths of the work acknowledged:");
    for (const std::uint64_t count : tenths) std::printf(" %llu", number(count));
    std::printf("\nat:");
    for (const auto& [step, count] : steps) std::printf(" %s %llu,", step.c_str(), number(count));
    std::printf("\n");
  }
};

TEST(Kill, AtRandomAcknowledgedCountsNothingIsLostOrDoubled) {
  const std::uint64_t seed = testkit::seed(1);
  std::mt19937_64 dice(seed);
  const std::uint64_t kills = std::getenv("ANNALS_SOAK") != nullptr ? 200 : 40;
  Landings landings;
  for (std::uint64_t at = 0; landings.kills < kills; ++at) {
    // Each store is killed up to four times, and then left to finish.
    KilledStore store(seed * 1'000 + at);
    constexpr std::uint64_t appends = usual_appends;
    for (int life = 0; life < 4 && landings.kills < kills; ++life) {
      const std::uint64_t left = appends - store.acknowledged();
      if (left < 10) break;
      const std::uint64_t kill_after = 1 + dice() % (left / 2);
      SCOPED_TRACE("store " + std::to_string(at) + ", life " + std::to_string(life) +
                   ", kill after " + std::to_string(kill_after));
      const auto outcome = store.work(kill_after, dice() % 5);
      ASSERT_TRUE(outcome.killed) << "exit code " << outcome.exit_code;
      ASSERT_NO_FATAL_FAILURE(store.expect_kept());
      landings.add(store, appends);
    }
    const auto outcome = store.work(appends + 1, 4);
    ASSERT_FALSE(outcome.killed);
    ASSERT_EQ(outcome.exit_code, 0);
    ASSERT_NO_FATAL_FAILURE(store.expect_kept());
    ASSERT_EQ(store.acknowledged(), appends);
    ASSERT_EQ(store.beyond(), 0U);
    ASSERT_GE(store.stats().segments, 3U);
  }
  landings.print();
}

TEST(Kill, UnderManyWritersAtRandomMomentsNothingIsLostAndEveryOpenSucceeds) {
  const std::uint64_t seed = testkit::seed(1);
  std::mt19937_64 dice(seed);
  const std::uint64_t kills = std::getenv("ANNALS_SOAK") != nullptr ? 1'000 : 30;
  constexpr std::uint64_t writers = 64;
  constexpr std::uint64_t appends = 1'500;
  Landings landings;
  std::uint64_t segments = 0;
  for (std::uint64_t at = 0; landings.kills < kills; ++at) {
    KilledStore store(seed * 1'000'000 + at, appends);
    for (int life = 0; life < 6 && landings.kills < kills; ++life) {
      const std::uint64_t left = appends - store.acknowledged();
      if (left < 300) break;
      const std::uint64_t kill_after = 1 + dice() % (left / 4);
      const std::chrono::microseconds patience(dice() % 3'000);
      SCOPED_TRACE("store " + std::to_string(at) + ", life " + std::to_string(life) +
                   ", kill after " + std::to_string(kill_after));
      const auto outcome = store.work(kill_after, writers, KillPoint::never, 0, 0, patience);
      ASSERT_TRUE(outcome.killed) << "exit code " << outcome.exit_code;
      ASSERT_NO_FATAL_FAILURE(store.expect_kept());
      landings.add(store, appends);
    }
    segments += store.stats().segments;
  }
  landings.print();
  EXPECT_GT(segments, landings.kills / 6) << "no segment was sealed";
}

TEST(Kill, WhileSegmentsAreCompressedNothingIsLost) {
  const std::uint64_t seed = testkit::seed(1);
  std::mt19937_64 dice(seed);
  const std::uint64_t kills = std::getenv("ANNALS_SOAK") != nullptr ? 300 : 30;
  constexpr std::uint64_t appends = 1'500;
  ::setenv("CRASH_COMPRESSION", "1", 1);
  Landings landings;
  std::uint64_t packed = 0;
  for (std::uint64_t at = 0; landings.kills < kills; ++at) {
    KilledStore store(seed * 3'000'000 + at, appends);
    for (int life = 0; life < 6 && landings.kills < kills; ++life) {
      const std::uint64_t left = appends - store.acknowledged();
      if (left < 300) break;
      const std::uint64_t kill_after = 1 + dice() % (left / 4);
      const std::chrono::microseconds patience(dice() % 20'000);
      SCOPED_TRACE("store " + std::to_string(at) + ", life " + std::to_string(life) +
                   ", kill after " + std::to_string(kill_after));
      const auto outcome = store.work(kill_after, 8, KillPoint::never, 0, 0, patience);
      ASSERT_TRUE(outcome.killed) << "exit code " << outcome.exit_code;
      ASSERT_NO_FATAL_FAILURE(store.expect_kept());
      landings.add(store, appends);
    }
    packed += store.stats().segments_packed;
  }
  ::unsetenv("CRASH_COMPRESSION");
  landings.print();
  std::printf("%llu segments packed\n", static_cast<unsigned long long>(packed));
  EXPECT_GT(packed, 0U);
}

class KillAt : public testing::TestWithParam<KillPoint> {};

TEST_P(KillAt, TheSameIdAgainSettlesWhatHappened) {
  for (const std::uint64_t nth : {1U, 2U, 9U, 40U}) {
    SCOPED_TRACE("group " + std::to_string(nth));
    KilledStore store(nth);
    // One writer: group n is append n-1.
    const auto outcome = store.work(usual_appends, 1, GetParam(), nth, 60);
    ASSERT_TRUE(outcome.killed) << "exit code " << outcome.exit_code;
    EXPECT_EQ(store.acknowledged(), nth - 1);
    ASSERT_NO_FATAL_FAILURE(store.expect_kept());
    const bool written = GetParam() != KillPoint::before_write && GetParam() != KillPoint::in_write;
    ASSERT_EQ(store.holds(nth - 1), written);
    EXPECT_EQ(store.stats().torn_bytes_cut > 0, GetParam() == KillPoint::in_write);
    EXPECT_EQ(
        store.stats().rewritten_groups,
        GetParam() == KillPoint::after_write || GetParam() == KillPoint::after_sync ? 1U : 0U);
    // The caller never heard of it and sends it again.
    ASSERT_EQ(store.work(usual_appends + 1, 1, KillPoint::never, 0, 60).exit_code, 0);
    EXPECT_EQ(store.ack(nth - 1).repeated, written);
    if (written) {
      EXPECT_EQ(store.ack(nth - 1).link, store.receipt(nth - 1).link);
    }
    ASSERT_NO_FATAL_FAILURE(store.expect_kept());
    EXPECT_EQ(store.acknowledged(), 60U);
    EXPECT_EQ(store.beyond(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Group, KillAt,
                         testing::Values(KillPoint::before_write, KillPoint::in_write,
                                         KillPoint::after_write, KillPoint::after_sync,
                                         KillPoint::after_mark),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace annals::crash
