#pragma once

#include <semaphore.h>

namespace annals::internal {

/// One thread waits until another wakes it, once. Unlike a condition variable it needs no mutex,
/// which the woken would have to wait for; and unlike std::atomic it may be destroyed by whoever
/// has waited as soon as wait() returns, while wake() is still on its way out: POSIX says so.
class WakeUp {
 public:
  WakeUp() noexcept { ::sem_init(&semaphore_, 0, 0); }
  ~WakeUp() { ::sem_destroy(&semaphore_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  /// Returns at once if it has been woken already. What happened before wake() is seen.
  void wait() noexcept {
    while (::sem_wait(&semaphore_) != 0) {  // A signal has come between.
    }
  }
  void wake() noexcept { ::sem_post(&semaphore_); }

 private:
  ::sem_t semaphore_{};
};

}  // namespace annals::internal
