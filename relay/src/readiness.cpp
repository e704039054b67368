#include "readiness.hpp"

#include <utility>

namespace annals::internal {

void Readiness::announce() {
  {
    const std::lock_guard lock(mutex_);
    ready_ = true;
  }
  news_.notify_all();
  const std::lock_guard lock(wake_mutex_);
  if (wake_) wake_();
}

void Readiness::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(wake_mutex_);
  wake_ = std::move(wake);
}

void Readiness::stop() {
  stopped_.store(true);
  announce();
}

void Readiness::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  news_.wait_until(lock, deadline, [this] { return ready_ || stopped_.load(); });
  ready_ = false;
}

}  // namespace annals::internal
