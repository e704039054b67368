#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include <annals/aggregates/state.hpp>
#include <annals/eventstore/event_store.hpp>

namespace annals::internal {

/// Writes snapshots on a thread of its own, which starts with the first of them. Thread-safe.
class SnapshotSaver {
 public:
  struct Job {
    std::string stream;
    AnyState state;  // Its type has a table.
    StreamVersion version;
    GlobalPosition position;
  };

  SnapshotSaver(EventStore& store, std::size_t waiting_max)
      : store_(store), waiting_max_(waiting_max) {}
  /// Jobs that wait are dropped.
  ~SnapshotSaver();

  /// Takes the job if fewer than `waiting_max` wait; never blocks for the store.
  void offer(Job job);
  /// Whether offer() would take a job now; saves making one in vain.
  bool has_room() const;
  /// Waits until all jobs offered before are done.
  void flush();

  struct Counts {
    std::uint64_t saved = 0;
    std::uint64_t dropped = 0;
  };
  Counts counts() const;
  void count_dropped();

 private:
  void run();
  bool save(const Job& job);

  EventStore& store_;
  const std::size_t waiting_max_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;  // These are guarded by mutex_.
  bool busy_ = false;
  bool stopping_ = false;
  Counts counts_;
  std::thread thread_;
};

}  // namespace annals::internal
