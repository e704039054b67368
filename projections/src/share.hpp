#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <annals/eventstore/partitioned_source.hpp>
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

/// The records of one projection's partitions, looked at now and then. Belongs to one thread at a
/// time.
class SeenRecords {
 public:
  SeenRecords(const ReadModelStore& rows, const ProjectionType& projection)
      : rows_(rows), projection_(projection) {}

  /// Looks if the last time is long enough ago; returns whether it has.
  Result<bool> look();
  const std::vector<CheckpointRecord>& all() const noexcept { return records_; }
  const CheckpointRecord* find(Partition partition) const;

 private:
  using Clock = std::chrono::steady_clock;

  const ReadModelStore& rows_;
  const ProjectionType& projection_;
  std::vector<CheckpointRecord> records_;
  std::optional<Clock::time_point> looked_at_;
};

/// Which partitions of one projection a worker is to have. Thread-safe.
class Share {
 public:
  Share(const ReadModelStore& rows, const ProjectionType& projection, Holder worker)
      : worker_(std::move(worker)), seen_(rows, projection) {}
  virtual ~Share() = default;

  /// Whether the worker, who does not hold the partition, is to claim it. Errors: unavailable (not
  /// now: the message says whose it is), those of records().
  virtual Result<void> may_claim(Partition partition) = 0;
  /// Whether the worker, who holds the partition, is to give it back at once.
  virtual bool is_taken_away(Partition partition) const = 0;
  /// Takes back what the worker has asked for, before it ends.
  virtual void withdraw() {}

  const Holder& worker() const noexcept { return worker_; }
  /// Where the partition stood when it was looked at last.
  GlobalPosition position_of(Partition partition) const;

 protected:
  const Holder worker_;
  mutable std::mutex mutex_;
  SeenRecords seen_;  // Guarded by mutex_.
};

/// Workers see by the records what others have, and share evenly.
class RecordShare final : public Share {
 public:
  RecordShare(ReadModelStore& rows, const ProjectionType& projection, Holder worker,
              std::chrono::milliseconds lease)
      : Share(rows, projection, std::move(worker)),
        rows_(rows),
        projection_(projection),
        lease_(lease) {}

  Result<void> may_claim(Partition partition) override;
  bool is_taken_away(Partition) const override { return false; }
  void withdraw() override;

 private:
  Result<void> look();  // REQUIRES: mutex_.

  ReadModelStore& rows_;
  const ProjectionType& projection_;
  const std::chrono::milliseconds lease_;
  std::set<std::uint32_t> granted_;  // Since the records were read. Guarded by mutex_.
};

/// The source deals the partitions out.
class GroupShare final : public Share {
 public:
  GroupShare(const ReadModelStore& rows, const ProjectionType& projection, Holder worker)
      : Share(rows, projection, std::move(worker)) {}

  /// Who tells; comes before everything else.
  void set_member(const PartitionMember& member) { member_ = &member; }
  Result<void> may_claim(Partition partition) override;
  bool is_taken_away(Partition partition) const override {
    return !member_->holds(partition.index);
  }

 private:
  const PartitionMember* member_ = nullptr;
};

}  // namespace annals::internal
