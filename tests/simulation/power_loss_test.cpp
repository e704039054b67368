// Promises P1, P2, P3, P4, P5 and P8 by fault: what was acknowledged, or shown to a reader,
// survives every power loss, kill and failed sync, whole, at its place, with its link and its
// receipt; what is read and what is checked is true whatever becomes of indexes and heads; and a
// store that makes one of the usual mistakes is caught at it.
//
// ANNALS_RUNS says how many seeds are tried, ANNALS_SEED which is the first; ANNALS_SOAK tries a
// thousand long ones.

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "power_loss_run.hpp"

namespace annals::simulation {
namespace {

using Bug = internal::PlantedBug;

bool soak() { return std::getenv("ANNALS_SOAK") != nullptr; }

std::uint64_t runs(std::uint64_t usual, std::uint64_t in_soak) {
  if (const char* given = std::getenv("ANNALS_RUNS")) return std::strtoull(given, nullptr, 10);
  return soak() ? in_soak : usual;
}

RunCounters run_all(std::uint64_t count, const RunSize& size) {
  const std::uint64_t first = testkit::seed(1);
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  RunCounters counters;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const RunOutcome outcome = run_power_loss(seed, Bug::none, size);
    counters += outcome.counters;
    if (outcome.violation) {
      ADD_FAILURE() << *outcome.violation << "\nto repeat it: ANNALS_SEED=" << seed
                    << " ANNALS_RUNS=1 power_loss_test";
      break;
    }
    if (soak() && (seed - first) % 100 == 99) {
      std::printf("%.0f s: %s\n", seconds(), to_string(counters).c_str());
      std::fflush(stdout);
    }
  }
  std::printf("%llu runs in %.1f s: %s\n", static_cast<unsigned long long>(count), seconds(),
              to_string(counters).c_str());
  return counters;
}

/// A simulation in which these do not happen proves nothing.
void expect_all_happened(const RunCounters& counters) {
  EXPECT_GT(counters.acknowledged, 0U);
  EXPECT_GT(counters.refused_rightly, 0U);
  EXPECT_GT(counters.events_compared, 0U);
  EXPECT_GT(counters.power_losses, 0U);
  EXPECT_GT(counters.process_crashes, 0U);
  EXPECT_GT(counters.openings_cut_short, 0U);
  EXPECT_GT(counters.torn_tails, 0U);
  EXPECT_GT(counters.larger_groups, 0U);
  EXPECT_GT(counters.segments_rolled, 0U);
  EXPECT_GT(counters.segments_packed, 0U);
  EXPECT_GT(counters.repeats, 0U);
  EXPECT_GT(counters.doubts_found, 0U);
  EXPECT_GT(counters.rewritten_groups, 0U);
  EXPECT_GT(counters.failed_syncs, 0U);
  EXPECT_GT(counters.snapshots_found, 0U);
  EXPECT_GT(counters.heads_trusted, 0U);
  EXPECT_GT(counters.heads_made_anew, 0U);
  EXPECT_GT(counters.indexes_made_anew, 0U);
  EXPECT_GT(counters.bits_flipped, 0U);
  EXPECT_GT(counters.copies_compared, 0U);
  EXPECT_GT(counters.damage_noticed, 0U);
}

constexpr std::uint64_t short_runs = 500;
constexpr std::uint64_t long_runs = 20;

TEST(PowerLoss, NothingAcknowledgedIsEverLost) {
  const std::uint64_t count = runs(short_runs, 20 * short_runs);
  const RunCounters counters = run_all(count, short_run);
  if (count >= short_runs) expect_all_happened(counters);
}

TEST(PowerLoss, NorInALargerStore) {
  const std::uint64_t count = runs(long_runs, 1'000);
  const RunCounters counters = run_all(count, long_run);
  if (count >= long_runs) expect_all_happened(counters);
}

TEST(PowerLoss, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(to_string(run_power_loss(seed, Bug::none).counters),
              to_string(run_power_loss(seed, Bug::none).counters))
        << "seed " << seed;
  }
  EXPECT_EQ(to_string(run_power_loss(1, Bug::none, long_run).counters),
            to_string(run_power_loss(1, Bug::none, long_run).counters));
}

struct Planted {
  Bug bug;
  const char* name;
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }

class PlantedBug : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBug, IsCaught) {
  const std::uint64_t first = testkit::seed(1);
  for (std::uint64_t run = 0; run < short_runs; ++run) {
    const RunOutcome outcome = run_power_loss(first + run, GetParam().bug);
    if (!outcome.violation) continue;
    std::printf("%s: caught by run %llu, seed %llu: %s\n", GetParam().name,
                static_cast<unsigned long long>(run + 1),
                static_cast<unsigned long long>(first + run), outcome.violation->c_str());
    return;
  }
  FAIL() << short_runs << " runs did not notice";
}

constexpr std::array planted{
    Planted{Bug::sync_left_out, "SyncLeftOut"},
    Planted{Bug::mark_before_sync, "MarkBeforeSync"},
    Planted{Bug::frame_checksum_left_out, "FrameChecksumLeftOut"},
    Planted{Bug::record_checksum_left_out, "RecordChecksumLeftOut"},
    Planted{Bug::torn_frame_accepted, "TornFrameAccepted"},
    Planted{Bug::trust_any_heads, "StaleHeadsTrusted"},
    Planted{Bug::trust_copied_heads, "CopiedHeadsTrusted"},
    Planted{Bug::index_checksum_left_out, "IndexChecksumLeftOut"},
    Planted{Bug::checksum_not_seeded, "OldBytesBroughtToLife"},
    Planted{Bug::trust_tail_after_failed_sync, "TailTrustedAfterFailedSync"},
    Planted{Bug::packed_not_synced, "OriginalRemovedBeforePackedSynced"},
};

INSTANTIATE_TEST_SUITE_P(, PlantedBug, testing::ValuesIn(planted),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace annals::simulation
