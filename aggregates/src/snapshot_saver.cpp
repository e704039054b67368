#include "snapshot_saver.hpp"

#include <utility>

#include "state_text.hpp"

namespace annals::internal {

SnapshotSaver::~SnapshotSaver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SnapshotSaver::offer(Job job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() >= waiting_max_) {
    ++counts_.dropped;
    return;
  }
  waiting_.push_back(std::move(job));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

bool SnapshotSaver::has_room() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && waiting_.size() < waiting_max_;
}

void SnapshotSaver::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

SnapshotSaver::Counts SnapshotSaver::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void SnapshotSaver::count_dropped() {
  const std::lock_guard lock(mutex_);
  ++counts_.dropped;
}

void SnapshotSaver::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    const bool saved = save(job);
    lock.lock();
    busy_ = false;
    ++(saved ? counts_.saved : counts_.dropped);
    changed_.notify_all();
  }
}

// A snapshot is a cache: one that cannot be written or stored is done without.
bool SnapshotSaver::save(const Job& job) {
  std::string text;
  if (!write_state(job.state, text)) return false;
  const auto link = store_.link_at(job.position);
  if (!link) return false;
  return store_
      .save_snapshot({.stream = job.stream,
                      .version = job.version,
                      .position = job.position,
                      .link = *link,
                      .fingerprint = job.state.type().fingerprint(),
                      .data = std::move(text)})
      .has_value();
}

}  // namespace annals::internal
