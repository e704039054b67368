#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include <annals/relay/relay.hpp>

namespace annals::internal {

/// What a relay's thread and its callers share.
class RelayState {
 public:
  void stop() { stopped_.store(true); }
  bool stopped() const { return stopped_.load(); }

  RelayStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  /// `change` takes a RelayStatus&.
  template <typename Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

 private:
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;
  RelayStatus status_;  // Guarded by mutex_.
};

}  // namespace annals::internal
