#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace {

std::shared_ptr<annals::EventStore> open_in_new_folder(const annals::testkit::EngineSetup& setup) {
  const auto folder = std::make_shared<annals::testkit::TemporaryFolder>();
  auto store =
      annals::open_log_event_store({.path = folder->path(),
                                    .limits = setup.limits,
                                    .segment_bytes = 256 * 1024,  // So that tests roll over.
                                    .max_clock_skew = setup.max_clock_skew,
                                    .clock = setup.clock});
  EXPECT_TRUE(store) << to_string(store.error());
  return {store->release(), [folder](annals::EventStore* closed) { delete closed; }};
}

}  // namespace

ANNALS_ENROL_EVENT_STORE(Log, open_in_new_folder);
