#pragma once

#include <optional>
#include <vector>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_source.hpp>
#include <annals/projections/parked.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

#include "batch_fold.hpp"

namespace annals::internal {

/// The events of one parked key, skipped and folded as is wished for them. Those before the first
/// one that fails are applied, so that of what is left the first is always the one that failed.
/// Used once.
class ParkedRetry {
 public:
  /// All must outlive it. `events`: all that are parked for the row, in their order.
  ParkedRetry(const ProjectionType& projection, const Upcasters& upcasters, ParkedRow row,
              std::vector<ParkedEvent> events);

  /// Reads the events again and folds them. Errors: unavailable, timeout; what is wrong with
  /// an event becomes its failure.
  Result<void> fold(const EventSource& history, ReadModelStore& rows);

  /// Adds rows and parked events to `batch`, which points into this object then. REQUIRES: fold()
  /// has succeeded.
  void add_to(ProjectedBatch& batch) const;

  /// The database does not take the rows: nothing is applied, and this is why.
  void fail(const Error& error);

  const ParkedRow& row() const noexcept { return row_; }
  /// How many were parked, and are still.
  std::size_t before() const noexcept { return skipped_.size() + tried_.size(); }
  std::size_t left() const noexcept { return tried_.size() - applied_; }

 private:
  Result<void> read(const EventSource& history);
  void stop_at(std::size_t index, const std::string& failure);

  const ProjectionType& projection_;
  const Upcasters& upcasters_;
  const ParkedRow row_;
  std::vector<ParkedEvent> skipped_;
  std::vector<ParkedEvent> tried_;
  RecordedEvents read_;                         // Keeps alive what the next points to.
  std::vector<const RecordedEvent*> recorded_;  // As tried_, null for one that is not in history.
  std::optional<BatchFold> fold_;
  std::size_t applied_ = 0;            // Of tried_.
  std::optional<ParkedEvent> failed_;  // The one after them.
};

}  // namespace annals::internal
