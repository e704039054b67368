/// @file
/// Keeps read models up to date.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_source.hpp>
#include <annals/eventstore/partitioned_source.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals {

struct RunnerOptions {
  /// Threads that all projections share; at least 1.
  std::size_t threads = 1;
  /// Events folded and written in one transaction, at most (and to the end of the append).
  std::size_t batch_events = 4096;
  /// How long the right to project outlives its holder's last sign of life. A successor waits as
  /// long for a process that hangs, not for one that is dead.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  /// Progress without rows is written at most so often, unless somebody waits for it.
  std::chrono::milliseconds progress_every = std::chrono::milliseconds(100);
  /// A fold that fails is tried so often in all, before the projection halts or parks the event.
  int tries_max = 3;
  /// Between tries, doubled each time; also while the database or the store is unavailable, which
  /// is retried without end.
  std::chrono::milliseconds retry_first = std::chrono::milliseconds(50);
  std::chrono::milliseconds retry_max = std::chrono::seconds(5);
  /// Of each projection that parks what it cannot fold.
  ParkedLimits parked_limits = {};
  Upcasters upcasters = {};
  std::shared_ptr<const Clock> clock = system_clock();
  /// Called after every change of a status, on a thread of the runner's; must neither block nor
  /// stop the runner. What it throws is dropped.
  std::function<void(std::string_view projection)> on_change = {};
};

enum class ProjectionActivity : std::uint8_t {
  starting,
  standing_by,  ///< Somebody else holds the lease; `last_error` says who.
  catching_up,
  live,      ///< Has seen the head.
  paused,    ///< By set_paused, until it is lifted; seen within a second.
  retrying,  ///< `last_error` says why.
  halted,    ///< `last_error` says where and why; goes on after retry(), or within a second after
           ///< the failure was cleared in the database (`annals projections resume`, a rebuild), or
           ///< the rows are of our definition and number of partitions again.
  stopped,
};
std::string_view to_string(ProjectionActivity activity) noexcept;

/// How one partition of a projection is doing, as this runner sees it.
struct PartitionStatus {
  Partition partition;
  ProjectionActivity activity = ProjectionActivity::starting;
  GlobalPosition position;  ///< If another worker holds it: when it was looked at last.
  std::uint64_t epoch = 0;  ///< 0: another worker holds it, or nobody.
  std::string last_error = {};
};

/// How a projection is doing.
struct ProjectionStatus {
  std::string projection;
  /// Of its partitions here the one that is worst off; standing_by if none is here.
  ProjectionActivity activity = ProjectionActivity::starting;
  GlobalPosition position;       ///< Everything up to here is in the rows: the least of partitions.
  GlobalPosition head;           ///< Of the log.
  std::uint64_t lag_events = 0;  ///< head - position: events of any kind.
  /// How long the oldest event not yet applied has been waiting; 0 at the head.
  std::chrono::microseconds lag{};
  std::string lag_error = {};  ///< Why `lag` is not known; empty: it is.
  /// How long a partition here has been starting or retrying, and nothing else meanwhile: the
  /// longest; 0: none is. A source that was never seen has no head, and so nobody lags behind it.
  std::chrono::microseconds held_up{};
  /// By this runner: those that touch rows, once for each partition whose rows they touch.
  std::uint64_t events_applied = 0;
  double events_per_second = 0;  ///< Over about the last ten seconds.
  std::uint64_t fenced = 0;      ///< Commits refused because somebody else had taken over.
  std::uint64_t retries = 0;     ///< Failures after which it tried, or will try, again.
  std::uint64_t epoch = 0;       ///< The highest of the partitions here.
  /// Rows that lag behind `position`, of the partitions here: see parked.hpp.
  std::uint64_t parked_keys = 0;
  std::uint64_t parked_events = 0;
  std::string last_error = {};
  std::vector<PartitionStatus> partitions = {};  ///< All of them, in their order.
};

/// Projects any number of projections from one source of events, an event store for instance, into
/// one database, on a few threads. Thread-safe. The source and the read-model store must outlive
/// it; the destructor stops it.
class ProjectionRunner {
 public:
  ProjectionRunner(const EventSource& events, ReadModelStore& rows, RunnerOptions options = {});
  ~ProjectionRunner();
  ProjectionRunner(const ProjectionRunner&) = delete;
  ProjectionRunner& operator=(const ProjectionRunner&) = delete;

  /// Begins to project at once, from where the read model stands. With several partitions (1 to
  /// partitions_max) it is shared with other runners, in other processes, that are told the same
  /// number: each takes its part, gives some back when more come, and takes over when others go.
  ///
  /// Errors: invalid_argument (the projection is running here already; the runner has stopped; the
  /// read model belongs to another store, or is split into another number of partitions; a
  /// projection with hand-written SQL cannot be split), unsupported (made by another definition:
  /// rebuild), diverged (the read model has seen a history that the store does not have: rebuild,
  /// or restore the right store).
  Result<void> add(const ProjectionType& projection, std::uint32_t partitions = 1);
  template <typename... P>
  Result<void> add(std::uint32_t partitions = 1) {
    Result<void> result;
    static_cast<void>(
        ((result = add(projection_type_of<P>(), partitions), result.has_value()) && ...));
    return result;
  }

  /// As add(), but shared with the other members of a group: `source` deals its partitions out, and
  /// each process projects those that it is given, from where the read model stands. Fits
  /// projections whose rows are each made of one stream's events. `source` must outlive the runner.
  ///
  /// Errors: as add(); invalid_argument (the projection does not say that it fits, or has
  /// hand-written SQL; the read model is split in another way), unavailable (nothing is known of
  /// the source yet).
  Result<void> add_to_group(const ProjectionType& projection, const PartitionedSource& source);
  template <typename... P>
  Result<void> add_to_group(const PartitionedSource& source) {
    Result<void> result;
    if constexpr ((rule::projection_has_rows_of_one_stream<P>::holds && ...)) {
      static_cast<void>(
          ((result = add_to_group(projection_type_of<P>(), source), result.has_value()) && ...));
    }
    return result;
  }

  /// Finishes the batches in flight, gives the leases back, ends the threads. Idempotent.
  void stop();

  /// Nothing if it was not added.
  std::optional<ProjectionStatus> status(std::string_view projection) const;
  std::vector<ProjectionStatus> status() const;

  /// Goes on with a projection that has halted. Errors: invalid_argument (not added), unavailable.
  Result<void> retry(std::string_view projection);

  /// Has parked events of a projection tried again or skipped, soon: of all keys, or of `row`.
  /// Returns of how many keys. What comes of it stands in the status and in parked_keys().
  ///
  /// Errors: as ReadModelStore::wish_parked; invalid_argument (not added).
  Result<std::uint64_t> retry_parked(std::string_view projection,
                                     const std::optional<ParkedRow>& row = std::nullopt);
  /// Leaves out the first event parked for `row`, or all of them. It is kept for the record.
  Result<std::uint64_t> skip_parked(std::string_view projection, const ParkedRow& row,
                                    bool all = false);

  /// Waits until the projection has reached `position`. For tests and tools; queries use
  /// ReadModelStore::wait.
  ///
  /// Errors: timeout, unavailable (halted or stopped: says why), invalid_argument (not added).
  Result<void> wait(std::string_view projection, GlobalPosition position,
                    std::chrono::milliseconds timeout) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace annals
