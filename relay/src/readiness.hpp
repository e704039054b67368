#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace annals::internal {

/// What a subscription and those who wait for it share: that there is news, and that it was
/// stopped. Thread-safe.
class Readiness {
 public:
  /// Called by librdkafka's threads.
  void announce();
  void set_wake(std::function<void()> wake);
  void stop();
  bool stopped() const { return stopped_.load(); }
  /// Waits until there is news, it is stopped or the time is over; takes the news.
  void wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  bool ready_ = true;           // Guarded by mutex_.
  std::mutex wake_mutex_;       // Held while it is called.
  std::function<void()> wake_;  // Guarded by wake_mutex_.
  std::atomic<bool> stopped_ = false;
};

}  // namespace annals::internal
