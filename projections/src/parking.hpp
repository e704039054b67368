#pragma once

#include <cstdint>
#include <string_view>

#include <annals/projections/parked.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

#include "batch_fold.hpp"
#include "parked_keys.hpp"

namespace annals::internal {

/// What a projector knows of its parked keys, and how it comes to park another. Belongs to its
/// thread.
///
/// A batch is folded fast first. If that fails at a row the batch is tried again, each row by
/// itself, and at the last try those that still fail are parked.
class Parking {
 public:
  Parking(const ProjectionType& projection, int tries_max, const ParkedLimits& limits)
      : projection_(projection),
        tries_max_(tries_max < 1 ? 1 : static_cast<std::uint32_t>(tries_max)),
        limits_(limits) {}

  /// Reads what is parked. REQUIRES: the claim is ours, so that nobody else parks anything.
  Result<void> load(const ReadModelStore& rows, const CheckpointRecord& record);

  /// How the next batch is to be folded.
  ParkingMode next_try() const;
  /// Whether what was folded may be committed. Errors: corrupt, with the event's position (a row
  /// has failed, and is to be tried again: see is_tried_again; there is no room for more).
  Result<void> admit(const BatchFold& fold);
  /// A batch could not be folded, or its rows not written, and it may be for one row's sake.
  void failed_at_a_row();
  /// Whether the failure just seen is one to be tried again here; asked once for each.
  bool is_tried_again();
  /// The next try is the first one that parks, or comes after it: there is nothing to wait for.
  bool next_try_parks() const noexcept { return tries_ >= tries_max_; }

  /// What was folded is committed.
  void committed(const std::vector<ParkedEvent>& parked);
  /// Of the events that were parked for a row some are left.
  void settled(const ParkedRow& row, std::size_t before, std::size_t left);

  const ParkedKeys& keys() const noexcept { return keys_; }

 private:
  Error no_room(const ParkedEvent& event, std::uint64_t limit, const char* what) const;

  const ProjectionType& projection_;
  const std::uint32_t tries_max_;
  const ParkedLimits limits_;
  ParkedKeys keys_;
  std::uint32_t tries_ = 0;  // Of the present batch that have failed.
  bool pending_ = false;     // A failure that nobody has asked about yet.
};

}  // namespace annals::internal
