// Promises P1, P2, P3 and P5 by fault: what was acknowledged, or shown to a reader, survives every
// power loss, kill and failed sync, whole, at its place, with its link and its receipt.
//
// ANNALS_RUNS says how many seeds are tried, ANNALS_SEED which is the first; ANNALS_SOAK tries ten
// times as many as usual.

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "power_loss_run.hpp"

namespace annals::simulation {
namespace {

constexpr std::uint64_t usual_runs = 1'000;

std::uint64_t runs() {
  if (const char* given = std::getenv("ANNALS_RUNS")) return std::strtoull(given, nullptr, 10);
  return std::getenv("ANNALS_SOAK") != nullptr ? 10 * usual_runs : usual_runs;
}

TEST(PowerLoss, NothingAcknowledgedIsEverLost) {
  const std::uint64_t first = testkit::seed(1);
  const auto begin = std::chrono::steady_clock::now();
  RunCounters counters;
  for (std::uint64_t seed = first; seed < first + runs(); ++seed) {
    const RunOutcome outcome = run_power_loss(seed, Mistake::none);
    counters += outcome.counters;
    ASSERT_FALSE(outcome.violation)
        << *outcome.violation << "\nto repeat it: ANNALS_SEED=" << seed
        << " ANNALS_RUNS=1 power_loss_test --gtest_filter=PowerLoss.NothingAcknowledgedIsEverLost";
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%llu runs in %.1f s: %s\n", static_cast<unsigned long long>(runs()), seconds,
              to_string(counters).c_str());
  if (runs() < usual_runs) return;
  // A simulation in which these do not happen proves nothing.
  EXPECT_GT(counters.acknowledged, 0U);
  EXPECT_GT(counters.power_losses, 0U);
  EXPECT_GT(counters.process_crashes, 0U);
  EXPECT_GT(counters.openings_cut_short, 0U);
  EXPECT_GT(counters.torn_tails, 0U);
  EXPECT_GT(counters.larger_groups, 0U);
  EXPECT_GT(counters.segments_rolled, 0U);
  EXPECT_GT(counters.repeats, 0U);
  EXPECT_GT(counters.doubts_found, 0U);
  EXPECT_GT(counters.rewritten_groups, 0U);
  EXPECT_GT(counters.failed_syncs, 0U);
  EXPECT_GT(counters.snapshots_found, 0U);
}

TEST(PowerLoss, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(to_string(run_power_loss(seed, Mistake::none).counters),
              to_string(run_power_loss(seed, Mistake::none).counters))
        << "seed " << seed;
  }
}

class PlantedBug : public testing::TestWithParam<Mistake> {};

TEST_P(PlantedBug, IsCaught) {
  const std::uint64_t first = testkit::seed(1);
  for (std::uint64_t seed = first; seed < first + usual_runs; ++seed) {
    const RunOutcome outcome = run_power_loss(seed, GetParam());
    if (!outcome.violation) continue;
    std::printf("caught by run %llu: %s\n", static_cast<unsigned long long>(seed - first + 1),
                outcome.violation->c_str());
    return;
  }
  FAIL() << usual_runs << " runs did not notice";
}

INSTANTIATE_TEST_SUITE_P(Engine, PlantedBug,
                         testing::Values(Mistake::sync_taken_out, Mistake::mark_before_sync,
                                         Mistake::trust_tail_after_failed_sync),
                         [](const auto& info) { return to_string(info.param); });

}  // namespace
}  // namespace annals::simulation
