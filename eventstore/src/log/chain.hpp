#pragma once

#include <annals/eventstore/stats.hpp>

#include "frame_reader.hpp"

namespace annals::internal {

/// Follows the appends of a log, in order, and refuses one that does not belong there.
class Chain {
 public:
  /// `last_recorded_at`: of the append before, if there was one.
  explicit Chain(Head start, Timestamp last_recorded_at = Timestamp::min())
      : head_(start), last_recorded_at_(last_recorded_at) {}

  /// The last append that belonged.
  const Head& head() const { return head_; }
  Timestamp last_recorded_at() const { return last_recorded_at_; }

  /// Checks that `append` is the next one: its positions, its time and, if `contents`, its link
  /// worked out anew from the contents of its events. Moves on if so.
  ///
  /// Errors: corrupt, with place.
  Result<void> follow(const SegmentBytes& segment, const AppendView& append, bool contents);

 private:
  Head head_;
  Timestamp last_recorded_at_;
};

}  // namespace annals::internal
