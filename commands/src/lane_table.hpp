#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "job.hpp"

namespace annals::internal {

/// Puts jobs in order: a job runs when it is at the front of all its lanes. Jobs enter all their
/// lanes at once, so that any two jobs meet in the same order everywhere and none waits in a
/// circle. Lanes that nobody is in keep their states, up to a bound; the least recently used go
/// first. Thread-safe.
class LaneTable {
 public:
  explicit LaneTable(std::size_t cached_states_max) : idle_max_(cached_states_max) {}

  /// Enters the job into the lanes of its boundary. True if it may run now; else it will be among
  /// what a leave() returns.
  bool enter(Job& job);

  /// Takes the job, which ran, out of its lanes; returns the jobs of send_async that may run now.
  /// Senders that wait in await() are woken.
  std::vector<Job*> leave(Job& job);

  /// Blocks until `job` may run. REQUIRES: enter(job) was false, job.waker is set.
  void await(Job& job);

  std::size_t cached_states() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept {
      return std::hash<std::string_view>{}(key);
    }
  };

  // All want mutex_ held.
  Lane& lane_of(std::string_view key);
  void put_idle(Lane& lane);
  void take_from_idle(Lane& lane);

  const std::size_t idle_max_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::unordered_map<std::string, std::unique_ptr<Lane>, Hash, std::equal_to<>> lanes_;
  Lane* newest_idle_ = nullptr;
  Lane* oldest_idle_ = nullptr;
  std::size_t idle_count_ = 0;
};

}  // namespace annals::internal
