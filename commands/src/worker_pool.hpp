#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/result.hpp>

#include "job.hpp"

namespace annals::internal {

/// The threads that carry the commands of send_async, and the count of those in flight. A job comes
/// by with post_ready() when it has its lanes, with post_appended() when the store has answered,
/// and with post_at() when it waits for its next try.
class WorkerPool {
 public:
  /// While it lives, this thread counts as one of the pool's: it is running a completion, and must
  /// not wait for others to make room.
  class Guest {
   public:
    explicit Guest(const WorkerPool& pool);
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest();

   private:
    const WorkerPool* before_;
  };

  struct Actions {
    std::function<void(Job&)> begin;
    std::function<void(Job&, Result<Receipt>)> conclude;
  };

  /// Threads start with the first job.
  WorkerPool(std::size_t workers, std::size_t in_flight_max, Actions actions);
  /// Waits until nothing is in flight.
  ~WorkerPool();

  /// Gives an empty job and counts it as in flight; waits while there are too many, unless the
  /// caller is a worker.
  std::unique_ptr<Job> take_in();
  /// Takes it back.
  void let_go(std::unique_ptr<Job> job);
  void wait_idle();
  std::size_t in_flight() const;

  void post_ready(const std::vector<Job*>& jobs);
  void post_appended(Job& job, Result<Receipt> result);
  void post_at(Job& job, std::chrono::microseconds delay);

  /// Whether the calling thread is a worker of this pool.
  bool on_worker() const noexcept;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void run();
  void wake(std::size_t jobs);  // Wants mutex_ held.

  const std::size_t worker_count_;
  const std::size_t in_flight_max_;
  const Actions actions_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  // Guarded by mutex_:
  std::deque<Job*> ready_;
  std::deque<std::pair<Job*, Result<Receipt>>> appended_;
  std::multimap<Time, Job*> delayed_;
  std::vector<std::unique_ptr<Job>> spare_;
  std::size_t in_flight_ = 0;
  std::size_t sleeping_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace annals::internal
