/// @file
/// The engine for tests: the whole contract, in memory.

#pragma once

#include <memory>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/time.hpp>

namespace annals {

struct MemoryOptions {
  std::shared_ptr<const Clock> clock = system_clock();
  Limits limits = {};
  std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);
  StoreId store = new_store_id();
};

/// A store that lasts as long as the object. Everything the contract says holds, but durability
/// ends with the process; Stats::durability says "memory".
std::unique_ptr<EventStore> make_memory_event_store(MemoryOptions options = {});

}  // namespace annals
