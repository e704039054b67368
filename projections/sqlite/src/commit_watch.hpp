#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/projections/checkpoint_record.hpp>

namespace annals::sqlite_rows {

/// Wakes who waits for commits: of this object at once, of other processes through inotify on the
/// write-ahead log. There is no thread of its own: of all who wait, one watches for the others.
/// Thread-safe.
class CommitWatch {
 public:
  /// Looks for commits that this object did not make. Nothing: there were none since it was called
  /// before. One thread at a time calls it.
  using Look = std::function<Result<std::optional<std::vector<CheckpointRecord>>>()>;

  /// `wal`: the file that other processes' commits are appended to; empty: there are none.
  CommitWatch(std::string wal, Look look);
  ~CommitWatch();
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;

  /// What is known of a projection that somebody waits for.
  struct Awaited {
    std::size_t waiters = 0;
    std::uint64_t changed_at = 0;  ///< Of changes_.
    GlobalPosition position = {};
    bool halted = false;
  };

  /// One who waits for a projection to come to a position; counted while it exists.
  class Waiter {
   public:
    Waiter(CommitWatch& watch, std::string_view projection, GlobalPosition position);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Called before the caller reads the record: later commits end the next wait.
    void before_reading();
    /// Returns when the projection has come to the position, or has halted, by a commit since
    /// before_reading(), or the time is over.
    void wait(std::chrono::steady_clock::time_point deadline);

   private:
    friend class CommitWatch;
    bool woken() const;  // REQUIRES: watch_.mutex_.

    CommitWatch& watch_;
    const GlobalPosition position_;
    std::uint64_t seen_ = 0;
    std::map<std::string, Awaited, std::less<>>::iterator place_;
  };
  bool awaited(std::string_view projection) const;

  /// A commit of this object that has left `record`.
  void notify(const CheckpointRecord& record);

 private:
  void watch(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point until);
  bool drain();
  void take_note(const CheckpointRecord& record);  // REQUIRES: mutex_.

  const std::string wal_;
  const Look look_;
  int inotify_ = -1;
  int wake_ = -1;       // An eventfd: what the one who watches sleeps on, besides inotify.
  bool hears_ = false;  // inotify watches the file. Belongs to the one who watches, as the next.
  int looks_left_ = 0;  // What inotify tells is that a commit is being written; see watch().

  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  std::uint64_t changes_ = 0;     // Counts what is noticed.
  std::uint64_t trouble_at_ = 0;  // When looking failed last: everybody looks himself.
  bool watched_ = false;          // Somebody watches for the others.
  std::map<std::string, Awaited, std::less<>> waiting_;
};

}  // namespace annals::sqlite_rows
