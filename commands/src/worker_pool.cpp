#include "worker_pool.hpp"

#include <algorithm>
#include <utility>

namespace annals::internal {

namespace {

// Small, so that two workers share a burst, and large enough that the lock is no cost.
constexpr std::size_t jobs_per_turn = 32;
constexpr std::size_t jobs_kept = 4096;

thread_local const WorkerPool* pool_of_this_thread = nullptr;

}  // namespace

WorkerPool::Guest::Guest(const WorkerPool& pool)
    : before_(std::exchange(pool_of_this_thread, &pool)) {}
WorkerPool::Guest::~Guest() { pool_of_this_thread = before_; }

WorkerPool::WorkerPool(std::size_t workers, std::size_t in_flight_max, Actions actions)
    : worker_count_(std::max<std::size_t>(workers, 1)),
      in_flight_max_(std::max<std::size_t>(in_flight_max, 1)),
      actions_(std::move(actions)) {}

WorkerPool::~WorkerPool() {
  wait_idle();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::unique_ptr<Job> WorkerPool::take_in() {
  std::unique_lock lock(mutex_);
  if (!on_worker()) room_.wait(lock, [this] { return in_flight_ < in_flight_max_; });
  ++in_flight_;
  while (threads_.size() < worker_count_) threads_.emplace_back([this] { run(); });
  if (spare_.empty()) return std::make_unique<Job>();
  auto job = std::move(spare_.back());
  spare_.pop_back();
  return job;
}

void WorkerPool::let_go(std::unique_ptr<Job> job) {
  job->clear();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < jobs_kept) spare_.push_back(std::move(job));
  --in_flight_;
  // Not for each: a sender that is woken for every answer does little else.
  if (in_flight_ == 0 || in_flight_ == in_flight_max_ - in_flight_max_ / 4 - 1) room_.notify_all();
}

void WorkerPool::wait_idle() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return in_flight_ == 0; });
}

std::size_t WorkerPool::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

void WorkerPool::post_ready(const std::vector<Job*>& jobs) {
  if (jobs.empty()) return;
  const std::lock_guard lock(mutex_);
  ready_.insert(ready_.end(), jobs.begin(), jobs.end());
  wake(jobs.size());
}

void WorkerPool::post_appended(Job& job, Result<Receipt> result) {
  const std::lock_guard lock(mutex_);
  appended_.emplace_back(&job, std::move(result));
  wake(1);
}

void WorkerPool::post_at(Job& job, std::chrono::microseconds delay) {
  const std::lock_guard lock(mutex_);
  delayed_.emplace(std::chrono::steady_clock::now() + delay, &job);
  wake(1);
}

bool WorkerPool::on_worker() const noexcept { return pool_of_this_thread == this; }

void WorkerPool::wake(std::size_t jobs) {
  if (sleeping_ == 0) return;
  if (jobs == 1) {
    work_.notify_one();
  } else {
    work_.notify_all();
  }
}

void WorkerPool::run() {
  pool_of_this_thread = this;
  std::vector<std::pair<Job*, Result<Receipt>>> appended;
  std::vector<Job*> ready;
  std::unique_lock lock(mutex_);
  for (;;) {
    for (auto due = delayed_.begin();
         due != delayed_.end() && due->first <= std::chrono::steady_clock::now();
         due = delayed_.erase(due)) {
      ready_.push_back(due->second);
    }
    if (appended_.empty() && ready_.empty()) {
      if (stopping_) return;
      ++sleeping_;
      if (delayed_.empty()) {
        work_.wait(lock);
      } else {
        const Time next = delayed_.begin()->first;
        work_.wait_until(lock, next);
      }
      --sleeping_;
      continue;
    }
    // What has been appended first: its answers are due, and they set others free.
    for (std::size_t i = 0; i < jobs_per_turn && !appended_.empty(); ++i) {
      appended.push_back(std::move(appended_.front()));
      appended_.pop_front();
    }
    for (std::size_t i = 0; i < jobs_per_turn && !ready_.empty(); ++i) {
      ready.push_back(ready_.front());
      ready_.pop_front();
    }
    lock.unlock();
    for (auto& [job, result] : appended) actions_.conclude(*job, std::move(result));
    for (Job* job : ready) actions_.begin(*job);
    appended.clear();
    ready.clear();
    lock.lock();
  }
}

}  // namespace annals::internal
