#include "sealer.hpp"

#include <system_error>
#include <utility>

namespace annals::internal {

Sealer::~Sealer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Sealer::add(Job job) {
  if (at_once_) return seal_(job);
  std::unique_lock lock(mutex_);
  if (!thread_.joinable() && !start()) {
    lock.unlock();
    seal_(job);  // Whoever has rolled over waits for it then.
    return;
  }
  changed_.wait(lock, [this] { return waiting_.size() <= waiting_max; });
  waiting_.push_back(std::move(job));
  changed_.notify_all();
}

bool Sealer::start() {
  try {
    thread_ = std::thread([this] { work(); });
    return true;
  } catch (const std::system_error&) {
    return false;  // The process may have no more; the next job tries again.
  }
}

void Sealer::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty(); });
}

void Sealer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || stopping_; });
    if (waiting_.empty()) return;
    const Job& job = waiting_.front();  // Stays in place: others only add behind it.
    lock.unlock();
    seal_(job);
    lock.lock();
    waiting_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace annals::internal
