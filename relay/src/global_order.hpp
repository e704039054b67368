#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/position.hpp>

#include "received_record.hpp"

namespace annals::internal {

/// Puts the records of all partitions back into the order of their positions. An event is next once
/// it follows the one before it without a gap, or once every other partition is known to have
/// nothing before it. It wants one event ahead of each partition, no more. Belongs to one thread.
class GlobalOrder {
 public:
  /// Everything up to `begin` has been taken.
  GlobalOrder(std::uint32_t partitions, GlobalPosition begin);

  /// Whether a record of this partition is wanted, so as to know what comes next.
  bool wants(std::uint32_t partition) const { return lanes_[partition].events.empty(); }
  /// The partition's next record. REQUIRES: its position is higher than that of the one before it.
  void add(std::uint32_t partition, ReceivedRecord record);

  struct Next {
    std::uint32_t partition = 0;
    ReceivedRecord record;
  };
  /// The next event; nothing if that is not known yet.
  std::optional<Next> next();

  /// The last position given out, or passed since no event is there.
  GlobalPosition passed() const noexcept { return passed_; }
  /// When next() has nothing: the furthest end of an append at which all events up to it were given
  /// out, if that lies beyond the last event.
  struct End {
    GlobalPosition position;
    Link link;
  };
  std::optional<End> end_beyond();

  /// An event that was added and not given out. Nothing: there is none.
  const ReceivedRecord* waiting(std::uint32_t partition) const {
    return lanes_[partition].events.empty() ? nullptr : &lanes_[partition].events.front();
  }

 private:
  struct Lane {
    std::deque<ReceivedRecord> events;  // More than one only if more was added than was wanted.
    GlobalPosition seen;                // Of the last record; nothing lies between it and events.
    std::optional<Link> end = {};       // At `seen`, if that was a watermark.
  };

  std::vector<Lane> lanes_;
  GlobalPosition passed_;
};

}  // namespace annals::internal
