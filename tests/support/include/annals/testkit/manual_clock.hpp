/// @file
/// A clock that stands still until it is told to move.

#pragma once

#include <atomic>
#include <chrono>

#include <annals/eventstore/time.hpp>

namespace annals::testkit {

/// Thread-safe. Begins at 2024-01-01T00:00:00Z.
class ManualClock final : public Clock {
 public:
  static constexpr Timestamp beginning =
      std::chrono::sys_days(std::chrono::year(2024) / std::chrono::January / 1);

  explicit ManualClock(Timestamp now = beginning) : micros_(now.time_since_epoch().count()) {}

  Timestamp now() const override {
    return Timestamp(std::chrono::microseconds(micros_.load(std::memory_order_relaxed)));
  }
  void set(Timestamp now) { micros_.store(now.time_since_epoch().count()); }
  /// Backward if `by` is negative.
  void advance(std::chrono::microseconds by) { micros_.fetch_add(by.count()); }

 private:
  std::atomic<std::chrono::microseconds::rep> micros_;
};

}  // namespace annals::testkit
