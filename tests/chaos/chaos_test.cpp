// The log goes through Kafka while whatever it passes is killed, frozen and cut off; nothing is
// missing in the end. A relay that forgets one of its promises is caught by the same chaos.
//
// ANNALS_SEED says how the blows fall, ANNALS_CHAOS_MINUTES for how long; ANNALS_SOAK: for ten
// minutes. Processes and machines keep no time, so that a seed gives the same blows, not the same
// run.

#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "turmoil.hpp"

namespace annals::chaos {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds time_of_a_run() {
  if (const char* given = std::getenv("ANNALS_CHAOS_MINUTES"); given != nullptr && *given != '\0') {
    return duration_cast<milliseconds>(
        std::chrono::duration<double, std::ratio<60>>(std::strtod(given, nullptr)));
  }
  return std::getenv("ANNALS_SOAK") != nullptr ? std::chrono::minutes(10) : seconds(30);
}

// In the end, for all that was written to come through.
constexpr seconds patience = std::chrono::minutes(3);

void print(const Turmoil& turmoil) {
  std::printf("%s\n", to_string(turmoil.counters()).c_str());
  std::fflush(stdout);
}

class Chaos : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    cluster_ = Cluster::start(why);
    if (!cluster_) GTEST_SKIP() << "SKIPPED: needs brokers and a server of its own, but " << why;
  }

  std::unique_ptr<Cluster> cluster_;
};

TEST_F(Chaos, NothingIsMissingOrCountsTwiceWhateverIsKilled) {
  Turmoil turmoil(*cluster_, testkit::seed(6100));
  const milliseconds time = time_of_a_run();
  turmoil.go_on_for(time, patience);
  for (const std::string& problem : turmoil.problems()) ADD_FAILURE() << problem;
  for (const std::string& place : turmoil.stuck()) ADD_FAILURE() << place;
  print(turmoil);
  const Counters& counters = turmoil.counters();
  EXPECT_GT(counters.events, 0U);
  EXPECT_GT(counters.repeated, 0U);
  EXPECT_GT(counters.take_overs, 0U);
  EXPECT_GT(counters.brokers_killed + counters.brokers_stopped + counters.brokers_frozen, 0U);
  EXPECT_GT(counters.dropped, 0U);
  // A short run may miss what is rarer.
  if (time < std::chrono::minutes(5)) return;
  EXPECT_GT(counters.rebalances_with_work, 0U);
  EXPECT_GT(counters.relays_fenced + counters.consumers_fenced, 0U);
}

struct Weak {
  Weakness weakness;
  const char* name;
};
void PrintTo(const Weak& weak, std::ostream* out) { *out << weak.name; }

class Weakened : public Chaos, public testing::WithParamInterface<Weak> {
 protected:
  void SetUp() override {
    if (std::getenv("ANNALS_CHAOS_MINUTES") == nullptr && std::getenv("ANNALS_SOAK") == nullptr) {
      GTEST_SKIP() << "SKIPPED: takes minutes; `make chaos` runs it";
    }
    Chaos::SetUp();
  }
};

TEST_P(Weakened, IsCaught) {
  Turmoil turmoil(*cluster_, testkit::seed(6101), GetParam().weakness);
  constexpr int rounds_max = 12;
  for (int round = 1; round <= rounds_max && !HasFailure(); ++round) {
    turmoil.go_on_for(seconds(15), patience);
    const auto problems = turmoil.problems();
    print(turmoil);
    if (problems.empty()) continue;  // What is only slow is not caught.
    std::printf("caught in round %d: %s\n", round, problems.front().c_str());
    return;
  }
  FAIL() << rounds_max << " rounds did not notice";
}

INSTANTIATE_TEST_SUITE_P(, Weakened,
                         testing::Values(Weak{Weakness::checkpoint_not_contiguous,
                                              "CheckpointNotContiguous"},
                                         Weak{Weakness::position_not_checked, "PositionNotChecked"},
                                         Weak{Weakness::epoch_not_checked, "EpochNotChecked"}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace annals::chaos
