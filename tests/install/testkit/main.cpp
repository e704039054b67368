// A program with an engine of its own (here annals' in memory), run through the engines' contract.
#include <gtest/gtest.h>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/event_store_contract.hpp>

ANNALS_ENROL_EVENT_STORE(Stranger, [](const annals::testkit::EngineSetup& setup) {
  return std::shared_ptr<annals::EventStore>(annals::make_memory_event_store(
      {.clock = setup.clock, .limits = setup.limits, .max_clock_skew = setup.max_clock_skew}));
});

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  const int tests = testing::UnitTest::GetInstance()->test_to_run_count();
  return tests > 10 ? result : 1;  // a contract that the linker dropped passes too easily
}
