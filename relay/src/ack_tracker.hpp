#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/position.hpp>

#include "planted_bug.hpp"

namespace annals::internal {

/// What lies in a topic without a hole, up to the end of an append.
struct Published {
  GlobalPosition position;
  std::optional<Link> link;                    ///< At `position`, if known.
  std::vector<GlobalPosition> last_positions;  ///< Of each partition.
  std::vector<std::int64_t> last_offsets;      ///< Where each of those lies; -1: not known.

  bool operator==(const Published&) const = default;
};

/// A record that was handed to Kafka.
struct Produced {
  std::uint32_t partition = 0;
  GlobalPosition position;
  std::optional<Link> end = {};  ///< The append's, of its last record, and of a watermark.
  std::size_t bytes = 0;
  bool watermark = false;
  std::int64_t offset = -1;  ///< Where it lies, once that is known.
};

/// Records in the order of their positions, acknowledged in any: finds how far all of them are.
/// Belongs to one thread.
class AckTracker {
 public:
  /// Missing offsets of `begin` are not known.
  explicit AckTracker(Published begin, PlantedBug bug = PlantedBug::none);

  /// The number that the next record will have: 0, 1, 2, …
  std::uint64_t next() const noexcept { return first_ + entries_.size(); }
  /// The number of the first record that has not been acknowledged; next() if all have.
  std::uint64_t first_waiting() const noexcept { return first_; }
  /// Returns the number to acknowledge it by.
  std::uint64_t add(Produced record);
  /// Gives the next `count` numbers to records that are handed over in another order, each by
  /// put(). Returns the first of them.
  std::uint64_t reserve(std::size_t count);
  /// REQUIRES: the number was reserved, and nothing was put there.
  void put(std::uint64_t number, Produced record);
  /// The record is in the topic for good, at `offset` (-1: not known). Returns false for one that
  /// has been acknowledged already or was never added.
  bool acknowledge(std::uint64_t number, std::int64_t offset = -1);

  /// Everything up to here has been acknowledged, and it is the end of an append.
  const Published& published() const noexcept { return published_; }
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  std::size_t waiting_records() const noexcept { return waiting_records_; }
  std::uint64_t events() const noexcept { return events_; }          ///< Acknowledged.
  std::uint64_t watermarks() const noexcept { return watermarks_; }  ///< Acknowledged.
  /// The position of a record that has not been acknowledged, or of one behind which another is
  /// not.
  std::optional<GlobalPosition> position_of(std::uint64_t number) const;

 private:
  struct Entry {
    enum class State : std::uint8_t { reserved, waiting, acknowledged };

    Produced record;
    State state = State::reserved;
  };

  /// The next one behind those that all are acknowledged.
  void take(const Produced& record);

  Published published_;
  const PlantedBug bug_;
  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;  // The number of entries_.front().
  struct Landed {
    std::uint32_t partition;
    GlobalPosition position;
    std::int64_t offset;
  };
  std::vector<Landed> begun_;  // Without a hole, behind the end of the last whole append.
  std::size_t waiting_bytes_ = 0;
  std::size_t waiting_records_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t watermarks_ = 0;
};

}  // namespace annals::internal
