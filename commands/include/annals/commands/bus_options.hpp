/// @file
/// How a bus retries, how much it keeps in flight and in its cache, and what it has done.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <annals/aggregates/state_loader.hpp>

namespace annals {

/// What happens when another writer got in between load and append. The first new try is at once,
/// the following ones wait a random time up to first_delay, 2 × first_delay, … max_delay.
struct RetryPolicy {
  /// Decisions in all, at least 1. Each loads after the append that won is visible, so two writers
  /// that never rest win about every other try: ten in a row are lost once in a thousand commands,
  /// twenty once in a million.
  std::uint32_t tries_max = 20;
  std::chrono::microseconds first_delay = std::chrono::microseconds(500);
  std::chrono::microseconds max_delay = std::chrono::milliseconds(50);
  std::uint64_t seed = 0;  ///< Of the random times; 0: another one in each bus.
  /// How send() waits; absent: it sleeps. send_async() waits without a thread, by the clock.
  std::function<void(std::chrono::microseconds)> sleep = {};
};

struct BusOptions {
  RetryPolicy retry = {};
  LoaderOptions loader = {};
  /// States kept in memory, the least recently used ones go first; 0 turns the cache off. A cached
  /// state is checked against the log before each use and with each append, so that it can cost a
  /// new try but never a wrong answer.
  std::size_t cached_states_max = 65'536;
  std::size_t in_flight_max = 16'384;  ///< Commands of send_async not yet answered; then it waits.
  std::size_t workers = 1;             ///< Threads that decide the commands of send_async.
};

struct BusStats {
  std::uint64_t sent = 0;      ///< Commands taken in, whatever came of them.
  std::uint64_t accepted = 0;  ///< With events.
  std::uint64_t no_events = 0;
  std::uint64_t repeated = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;     ///< With any other error.
  std::uint64_t conflicts = 0;  ///< Tries that another writer made void.
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t cached_states = 0;  ///< Now.
  std::uint64_t in_flight = 0;      ///< Now, of send_async.
  LoadStats loads = {};
};

}  // namespace annals
