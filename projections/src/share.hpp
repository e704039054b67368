#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <annals/projections/read_model_store.hpp>

namespace annals::internal {

/// What one worker is to do about the partitions of a projection, by what their records say.
///
/// Workers are those who hold partitions or have asked for one. Of n partitions that have not
/// halted each of w workers is to have n/w, rounded down; what is left over goes to whoever comes
/// first, and nobody takes more than n/w, rounded up. Who has less than his share asks a worker who
/// has more for one. So every move makes the shares more even, and moves end.
class ShareRule {
 public:
  /// `granted`: partitions that this worker has been allowed to claim since the records were read.
  ShareRule(std::span<const CheckpointRecord> records, const Holder& worker,
            const std::set<std::uint32_t>& granted);

  /// Errors: unavailable (it belongs to another, or is left to another).
  Result<void> may_claim(const CheckpointRecord& record) const;
  /// A partition that another worker is to be asked for.
  std::optional<Partition> to_ask_for() const;

 private:
  struct Worker {
    Holder holder;
    std::size_t held = 0;
    std::size_t asked_for = 0;  ///< And not held yet.
    std::size_t given_up = 0;   ///< Of those held: another has asked for them.
  };
  Worker& worker(const Holder& holder);
  bool is_due_more(const Worker& worker) const {
    return worker.held - worker.given_up + worker.asked_for < least_;
  }

  const std::span<const CheckpointRecord> records_;
  std::vector<Worker> workers_;  // This one comes first.
  std::size_t least_ = 0;
  std::size_t most_ = 0;
};

/// The partitions of one projection as one worker sees them: looks at the records now and then, for
/// all of them at a time. Thread-safe.
class Share {
 public:
  Share(ReadModelStore& rows, const ProjectionType& projection, Holder worker,
        std::chrono::milliseconds lease);

  /// Whether the worker, who does not hold the partition, is to claim it. Errors: unavailable (not
  /// now: the message says whose it is), those of records().
  Result<void> may_claim(Partition partition);
  /// Takes back what the worker has asked for, before it ends.
  void withdraw();
  const Holder& worker() const noexcept { return worker_; }
  /// Where the partition stood when it was looked at last.
  GlobalPosition position_of(Partition partition) const;

 private:
  using Clock = std::chrono::steady_clock;
  Result<void> look();  // REQUIRES: mutex_.

  ReadModelStore& rows_;
  const ProjectionType& projection_;
  const Holder worker_;
  const std::chrono::milliseconds lease_;
  mutable std::mutex mutex_;
  std::vector<CheckpointRecord> records_;
  std::set<std::uint32_t> granted_;  // Since they were read.
  std::optional<Clock::time_point> looked_at_;
};

}  // namespace annals::internal
