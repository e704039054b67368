/// @file
/// One thread that keeps many requests in flight.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include <annals/eventstore/error.hpp>

#include "measurement.hpp"

namespace annals::bench {

/// Counts what is in flight. The sender calls wait_for_room() before each request and
/// wait_for_all() at the end; completions call answered() or failed(), on any thread.
class Pipeline {
 public:
  static constexpr std::uint64_t in_flight_max = 16'384;

  /// Waits only when all room is taken, and then until half of it is free: a wake-up for each
  /// answer would be what is measured.
  void wait_for_room() {
    if (sent_ - answered_.load() >= in_flight_max) {
      wait_until_answered(sent_ - in_flight_max / 2);
    }
    ++sent_;
  }
  void wait_for_all() { wait_until_answered(sent_); }

  void answered(Clock::time_point sent) {
    {
      const std::lock_guard lock(mutex_);
      latencies_.add(Clock::now() - sent);
    }
    if (answered_.fetch_add(1) + 1 == wake_at_.load()) answered_.notify_one();
  }
  void failed(Error error, Clock::time_point sent) {
    {
      const std::lock_guard lock(mutex_);
      failure_ = std::move(error);
    }
    failing_ = true;
    answered(sent);
  }

  bool failing() const { return failing_; }
  // After wait_for_all():
  std::uint64_t sent() const { return sent_; }
  const Latencies& latencies() const { return latencies_; }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void wait_until_answered(std::uint64_t count) {
    wake_at_ = count;
    std::uint64_t now = answered_.load();
    while (now < count) {
      answered_.wait(now);
      now = answered_.load();
    }
  }

  std::uint64_t sent_ = 0;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<std::uint64_t> wake_at_ = 0;  ///< The sender sleeps until so many are answered.
  std::atomic<bool> failing_ = false;
  std::mutex mutex_;
  Latencies latencies_;           // Guarded by mutex_ until all are answered.
  std::optional<Error> failure_;  // Likewise.
};

}  // namespace annals::bench
