#include <algorithm>

#include <annals/observability/latency_histogram.hpp>

namespace annals {

void LatencyHistogram::count(std::chrono::nanoseconds time) noexcept {
  const auto* const bound = std::lower_bound(latency_bounds.begin(), latency_bounds.end(), time);
  const auto index = static_cast<std::size_t>(bound - latency_bounds.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  const auto nanoseconds = std::max<std::chrono::nanoseconds::rep>(time.count(), 0);
  sum_.fetch_add(static_cast<std::uint64_t>(nanoseconds), std::memory_order_relaxed);
}

LatencyCounts LatencyHistogram::counts() const noexcept {
  LatencyCounts counts;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    counts.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  }
  counts.sum = std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed));
  return counts;
}

}  // namespace annals
