/// @file
/// A thread that writes at a steady pace beside what is measured.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include <annals/eventstore/result.hpp>

#include "measurement.hpp"

namespace annals::bench {

/// Calls `write` so often a second; after a slow call it makes up for it.
class SteadyWriter {
 public:
  SteadyWriter(double per_second, std::function<Result<void>()> write);
  ~SteadyWriter();
  SteadyWriter(const SteadyWriter&) = delete;
  SteadyWriter& operator=(const SteadyWriter&) = delete;

  /// Ends it; how many a second there were. Errors: the first that `write` returned.
  Result<double> stop();

 private:
  void work(double per_second);

  const std::function<Result<void>()> write_;
  const Clock::time_point started_ = Clock::now();
  std::atomic<bool> stopping_ = false;
  std::uint64_t written_ = 0;  ///< Until joined, of the thread; so is failure_.
  Result<void> failure_;
  std::thread thread_;
};

}  // namespace annals::bench
