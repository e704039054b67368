#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// Wakes who waits for commits: of this object at once, of other processes through inotify on the
/// database's folder. There is no thread of its own: of all who wait, one watches for the others.
/// Thread-safe.
class CommitWatch {
 public:
  /// `path` of the database; empty: in memory, where nobody else commits.
  explicit CommitWatch(std::string path);
  ~CommitWatch();
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;

  /// Counted while somebody waits for the projection.
  class Waiter {
   public:
    Waiter(CommitWatch& watch, std::string_view projection);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    CommitWatch& watch_;
    std::map<std::string, std::uint64_t, std::less<>>::iterator place_;
  };
  bool awaited(std::string_view projection) const;

  /// Taken before looking; changes with every commit that is noticed.
  std::uint64_t seen() const;
  /// Returns when there may have been a commit since `seen` was taken, or the time is over.
  void wait(std::uint64_t seen, std::chrono::steady_clock::time_point deadline);
  /// A commit of this object.
  void notify();

 private:
  void watch(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point until);
  bool drain();

  const std::string file_;  // Its name in the folder; empty: nothing to watch.
  int inotify_ = -1;
  int wake_ = -1;  // An eventfd: what the one who watches sleeps on, besides inotify.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  bool watched_ = false;  // Somebody watches for the others.
  // What inotify tells is that a commit is being written; it can be seen a moment later.
  int looks_left_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> waiting_;
};

}  // namespace annals::internal
