#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/event_store_contract.hpp>

ANNALS_ENROL_EVENT_STORE(Memory, [](const annals::testkit::EngineSetup& setup) {
  return std::shared_ptr<annals::EventStore>(annals::make_memory_event_store(
      {.clock = setup.clock, .limits = setup.limits, .max_clock_skew = setup.max_clock_skew}));
});
