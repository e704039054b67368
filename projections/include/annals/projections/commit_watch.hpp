/// @file
/// For those who implement the door of read models: who waits for a commit, and is woken by it.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/projections/checkpoint_record.hpp>

namespace annals {

/// How one hears of commits that other processes, or other objects of this one, have made.
class CommitListener {
 public:
  virtual ~CommitListener() = default;

  /// Sleeps until there may have been one, `wake` (a file descriptor) can be read, or the time is
  /// over. Returns what all projections have come to (wholes_of), or nothing if it is known that
  /// there was no commit. One thread at a time calls it.
  ///
  /// Errors: unavailable; those who wait then look for themselves.
  virtual Result<std::optional<std::vector<CheckpointRecord>>> listen(
      int wake, std::chrono::steady_clock::time_point until) = 0;
};

/// Wakes who waits for commits: of this object at once, of others as its listener hears of them.
/// There is no thread of its own: of all who wait, one listens for the others. Thread-safe.
class CommitWatch {
 public:
  /// Reads the records of the partitions of the projection in question.
  using ReadPartitions = std::function<Result<std::vector<CheckpointRecord>>()>;

  /// Without a listener nobody else commits.
  explicit CommitWatch(std::unique_ptr<CommitListener> listener);
  ~CommitWatch();
  CommitWatch(const CommitWatch&) = delete;
  CommitWatch& operator=(const CommitWatch&) = delete;

  /// See ReadModelStore::awaited.
  bool awaited(std::string_view projection) const;

  /// A commit of this object has left `record`. `partitions` is asked if others are awaited with
  /// it.
  void tell(const CheckpointRecord& record, const ReadPartitions& partitions);

  /// See ReadModelStore::wait. Errors: those of `partitions`.
  Result<std::optional<CheckpointRecord>> wait(std::string_view projection, GlobalPosition position,
                                               std::chrono::steady_clock::time_point deadline,
                                               const ReadPartitions& partitions);

 private:
  class Waiter;
  // What is known of a projection that somebody waits for.
  struct Awaited {
    std::size_t waiters = 0;
    std::uint64_t changed_at = 0;  // Of changes_.
    GlobalPosition position = {};
    bool halted = false;
  };

  void notify(const CheckpointRecord& whole);
  void listen(std::unique_lock<std::mutex>& lock, std::chrono::steady_clock::time_point until);
  void take_note(const CheckpointRecord& whole);  // REQUIRES: mutex_.

  const std::unique_ptr<CommitListener> listener_;
  const int wake_;            // An eventfd: ends the sleep of the one who listens.
  std::mutex telling_mutex_;  // What is told last was read last. Before mutex_.

  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  std::uint64_t changes_ = 0;     // Counts what is noticed.
  std::uint64_t trouble_at_ = 0;  // When listening failed last: everybody looks himself.
  bool listening_ = false;        // Somebody listens for the others.
  std::map<std::string, Awaited, std::less<>> waiting_;
};

}  // namespace annals
