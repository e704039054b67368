#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/temporary_folder.hpp>

// Runs a test on every engine.
namespace annals {

enum class Engine { memory, log };

inline void PrintTo(Engine engine, std::ostream* out) {  // NOLINT: GoogleTest's name.
  *out << (engine == Engine::memory ? "memory" : "log");
}

class EngineTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (GetParam() == Engine::memory) {
      store_ = make_memory_event_store({.clock = clock_});
      return;
    }
    auto opened = open_log_event_store({.path = folder_.file("store"),
                                        .durability = Durability::survives_process_only,
                                        .clock = clock_});
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
  }

  EventStore& store() { return *store_; }
  testkit::ManualClock& clock() { return *clock_; }

 private:
  std::shared_ptr<testkit::ManualClock> clock_ = std::make_shared<testkit::ManualClock>();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<EventStore> store_;
};

inline std::string engine_name(const testing::TestParamInfo<Engine>& engine) {
  return testing::PrintToString(engine.param);
}

}  // namespace annals

#define ANNALS_ON_EVERY_ENGINE(Suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Engines, Suite,                                               \
                           testing::Values(annals::Engine::memory, annals::Engine::log), \
                           annals::engine_name)
