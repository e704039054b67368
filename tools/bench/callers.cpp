#include "callers.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace annals::bench {

Result<CallersReport> run_callers(
    unsigned threads, double seconds,
    const std::function<std::function<Result<void>()>(unsigned index)>& make) {
  std::vector<std::function<Result<void>()>> calls;
  for (unsigned i = 0; i < threads; ++i) calls.push_back(make(i));

  CallersReport report;
  std::mutex mutex;  // Guards report and failure.
  std::optional<Error> failure;
  std::atomic<bool> failed = false;
  const auto started = Clock::now();
  const Deadline deadline(seconds);
  const auto work = [&](unsigned index) {
    Latencies latencies;
    std::uint64_t done = 0;
    while (!deadline.over() && !failed) {
      const auto before = Clock::now();
      auto result = calls[index]();
      if (!result) {
        const std::lock_guard lock(mutex);
        failed = true;
        failure = std::move(result).error();
        return;
      }
      latencies.add(Clock::now() - before);
      ++done;
    }
    const std::lock_guard lock(mutex);
    report.calls += done;
    report.latencies.add(latencies);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  for (std::thread& thread : others) thread.join();
  report.seconds = seconds_since(started);
  if (failure) return *failure;
  return report;
}

}  // namespace annals::bench
