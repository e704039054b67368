#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "manifest.hpp"
#include "memory_part.hpp"

namespace annals::internal {

/// Writes the indexes of segments that are complete, on a thread of its own that lives while there
/// is work, or at once.
class Sealer {
 public:
  struct Job {
    ManifestSegment segment;
    std::shared_ptr<const MemoryPart> part;
  };
  using Seal = std::function<void(const Job&)>;

  /// More than this many waiting keep add() waiting: each holds its index in memory.
  static constexpr std::size_t waiting_max = 2;

  Sealer(Seal seal, bool at_once) : seal_(std::move(seal)), at_once_(at_once) {}
  /// Waits for what is waiting.
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  void add(Job job);
  void drain();

 private:
  /// Whether there is a thread now. REQUIRES: the lock.
  bool start();
  void work();

  const Seal seal_;
  const bool at_once_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;  // Guarded by mutex_; the first one is being written.
  bool stopping_ = false;    // Guarded by mutex_.
  std::thread thread_;       // Guarded by mutex_ until it is joined.
};

}  // namespace annals::internal
