#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "log/open.hpp"

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

/// Segments are compressed as soon as they are complete, and hardly any of them stays in memory.
std::shared_ptr<annals::EventStore> open_packing(const annals::testkit::EngineSetup& setup) {
  const auto folder = std::make_shared<annals::testkit::TemporaryFolder>();
  auto store = annals::internal::open_log_event_store({.path = folder->path(),
                                                       .limits = setup.limits,
                                                       .segment_bytes = 64 * 1024,
                                                       .max_clock_skew = setup.max_clock_skew,
                                                       .compression = annals::Compression::zstd,
                                                       .block_cache_bytes = 64 * 1024,
                                                       .clock = setup.clock},
                                                      annals::internal::PlantedBug::none);
  EXPECT_TRUE(store) << to_string(store.error());
  return {store->release(), [folder](annals::EventStore* closed) { delete closed; }};
}

}  // namespace

ANNALS_ENROL_EVENT_STORE(Log, open_in_new_folder);
ANNALS_ENROL_EVENT_STORE(LogPacking, open_packing);
