/// @file
/// Folds done again: a read model made anew, one as it was, and events that were parked.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals {

struct RebuildProgress {
  GlobalPosition position;
  GlobalPosition head;
  std::uint64_t events = 0;  ///< Of interest, applied in this run.
  double events_per_second = 0;
  std::chrono::seconds time_left{};
  bool resumed = false;           ///< An interrupted rebuild goes on.
  std::uint64_t parked_keys = 0;  ///< Rows that the new tables have only in part: see parked.hpp.
};

struct RebuildOptions {
  std::size_t batch_events = 16384;
  ParkedLimits parked_limits = {};
  Upcasters upcasters = {};
  /// Called at most every 200 ms and at the end; return false to stop (a later rebuild goes on).
  std::function<bool(const RebuildProgress&)> progress = {};
  /// Into how many partitions the projection is split from then on (1 to partitions_max; with
  /// hand-written SQL, 1). 0: as it was, or 1.
  std::uint32_t partitions = 0;
  /// What tells its partitions apart from then on: `stream` for a consumer group, with as many
  /// partitions as the topic has. Nothing: as it was, or by row.
  std::optional<SplitBy> split_by = {};
  /// Throw away what an interrupted rebuild has left, and begin anew.
  bool from_scratch = false;
};

/// Makes the projection's tables anew beside the old ones, which keep serving (and keep being
/// projected if their definition is the same), until they have caught up with the log, then puts
/// them in place in one transaction. A runner goes on from there by itself. Also the way from an
/// older definition to the present one, from one number of partitions or way to split to another,
/// and from a read model that has `diverged`.
///
/// Errors: unavailable (also when `progress` stopped it), what folding gives (as a runner halts
/// with), invalid_argument (it cannot be split so, or not with parked events), corrupt.
Result<RebuildProgress> rebuild(const EventStore& events, ReadModelStore& rows,
                                const ProjectionType& projection, RebuildOptions options = {});

/// Does what is wished for the parked keys of a projection that nobody projects at the moment: see
/// ReadModelStore::wish_parked. Each key's events and rows change in one transaction.
///
/// Errors: unavailable (somebody else projects it, and does it himself; the database), unsupported
/// (the rows were made by another definition), diverged. An event that fails again stays parked
/// with its new failure, and is no error.
Result<void> settle_parked(const EventStore& events, ReadModelStore& rows,
                           const ProjectionType& projection, const Upcasters& upcasters = {});

/// Which history to fold.
struct HistoryCut {
  AsOf as_of = AsOf::head();
  /// Only events known by then, about times up to then. For projections that are order_free.
  std::optional<Timestamp> known_at = {};
  std::optional<Timestamp> effective_at = {};
};

/// Folds history up to a cut into `scratch`, an empty read-model store (in memory, usually) that
/// nobody else uses, and returns where it was cut. A scratch that holds an earlier cut of the same
/// projection by position or recorded time is folded on from there.
///
/// Errors: invalid_argument (a claimed time for a projection that is not order_free; a scratch that
/// is further), diverged (beyond the head), what folding gives, corrupt.
Result<Cut> project_as_of(const EventStore& events, ReadModelStore& scratch,
                          const ProjectionType& projection, const HistoryCut& cut,
                          const Upcasters& upcasters = {});

}  // namespace annals
