/// @file
/// Threads that call something again and again until the time is over.

#pragma once

#include <cstdint>
#include <functional>

#include <annals/eventstore/result.hpp>

#include "measurement.hpp"

namespace annals::bench {

struct CallersReport {
  double seconds = 0;
  std::uint64_t calls = 0;
  Latencies latencies;  ///< Of single calls.
};

/// Each of `threads` gets a function of its own from `make` and calls it until the deadline. The
/// first error ends all.
Result<CallersReport> run_callers(
    unsigned threads, double seconds,
    const std::function<std::function<Result<void>()>(unsigned index)>& make);

}  // namespace annals::bench
