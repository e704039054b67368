/// @file
/// How long things took, counted without a lock.

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace annals {

/// The upper ends of the buckets, included in them. What is longer than the last one falls into one
/// more bucket. Fixed, so that what different processes and versions count can be added up.
inline constexpr std::array<std::chrono::nanoseconds, 18> latency_bounds = [] {
  using std::chrono::microseconds;
  return std::array<std::chrono::nanoseconds, 18>{
      microseconds(50),        microseconds(100),        microseconds(250),
      microseconds(500),       microseconds(1'000),      microseconds(2'500),
      microseconds(5'000),     microseconds(10'000),     microseconds(25'000),
      microseconds(50'000),    microseconds(100'000),    microseconds(250'000),
      microseconds(500'000),   microseconds(1'000'000),  microseconds(2'500'000),
      microseconds(5'000'000), microseconds(10'000'000), microseconds(30'000'000)};
}();

/// What was counted up to a moment. While others count, the sum may lack a time that a bucket has,
/// or have one that no bucket has yet.
struct LatencyCounts {
  /// Of each bucket alone; the last one has no upper end.
  std::array<std::uint64_t, latency_bounds.size() + 1> buckets{};
  std::chrono::nanoseconds sum{};

  std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t bucket : buckets) all += bucket;
    return all;
  }
};

/// Thread-safe. Counting is two atomic additions.
class LatencyHistogram {
 public:
  void count(std::chrono::nanoseconds time) noexcept;
  /// The time since `begin`.
  void count_since(std::chrono::steady_clock::time_point begin) noexcept {
    count(std::chrono::steady_clock::now() - begin);
  }
  LatencyCounts counts() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, latency_bounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ = 0;  // Nanoseconds: enough for centuries.
};

}  // namespace annals
