/// @file
/// What every engine promises, as tests. An engine enrols in one line; see
/// ANNALS_ENROL_EVENT_STORE.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <annals/eventstore/event_store.hpp>
#include <annals/testkit/manual_clock.hpp>

namespace annals::testkit {

/// What a test asks of the store it opens.
struct EngineSetup {
  std::shared_ptr<const Clock> clock;
  Limits limits = {};
  std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);
};

/// An engine that is enrolled. `open` gives a new, empty store each time; what must outlive it,
/// such as its folder, hangs on the pointer's deleter.
struct EngineUnderTest {
  std::string name;
  std::function<std::shared_ptr<EventStore>(const EngineSetup&)> open;
};

void PrintTo(const EngineUnderTest& engine, std::ostream* out);  // NOLINT: GoogleTest's name.

/// One store, opened anew for each test, and its clock.
class EventStoreContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override;

  /// Another empty store of the same engine, on the same clock.
  std::shared_ptr<EventStore> open_another(Limits limits = {}) const;
  EventStore& store() { return *store_; }
  ManualClock& clock() { return *clock_; }

  /// Appends and expects success; the receipt is empty if there is none.
  Receipt append(AppendRequest request);
  /// All events of a read that is expected to succeed.
  RecordedEvents read(ReadOptions options = {});

  static constexpr std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);

 private:
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<EventStore> store_;
};

/// Makes the linker keep the contract's tests, which nobody calls by name.
bool link_event_store_contract();

}  // namespace annals::testkit

/// Runs the contract on an engine: a name, and a function from EngineSetup to a store. At global
/// scope:
///
///   ANNALS_ENROL_EVENT_STORE(Memory, [](const annals::testkit::EngineSetup& setup) { … });
#define ANNALS_ENROL_EVENT_STORE(Name, ...)                                              \
  namespace annals::testkit {                                                            \
  [[maybe_unused]] static const bool contract_of_##Name = link_event_store_contract();   \
  INSTANTIATE_TEST_SUITE_P(Name, EventStoreContract,                                     \
                           testing::Values(EngineUnderTest{#Name, __VA_ARGS__}),         \
                           [](const testing::TestParamInfo<EngineUnderTest>& enrolled) { \
                             return enrolled.param.name;                                 \
                           });                                                           \
  }                                                                                      \
  static_assert(true, "a semicolon follows")
