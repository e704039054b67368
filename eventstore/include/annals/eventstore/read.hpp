/// @file
/// What a read asks, and the cursor that answers it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <variant>

#include <annals/eventstore/event.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

enum class Direction : std::uint8_t { forward, backward };

/// Where a read begins. In a backward read "after" means before: the event itself is left out.
class Start {
 public:
  /// The first event; in a backward read, the last one of the cut.
  static Start at_end_of_direction() { return Start{}; }
  static Start from(GlobalPosition position) { return Start(Place(position), true); }
  static Start after(GlobalPosition position) { return Start(Place(position), false); }
  /// Versions are places in one stream: the query must be for exactly one.
  static Start from(StreamVersion version) { return Start(Place(version), true); }
  static Start after(StreamVersion version) { return Start(Place(version), false); }

  using Place = std::variant<std::monostate, GlobalPosition, StreamVersion>;
  const Place& place() const noexcept { return place_; }
  bool inclusive() const noexcept { return inclusive_; }

 private:
  Start() = default;
  Start(Place place, bool inclusive) : place_(place), inclusive_(inclusive) {}

  Place place_;
  bool inclusive_ = true;
};

/// The end of history that a read sees.
class AsOf {
 public:
  static AsOf head() { return AsOf{}; }
  /// Up to and including `position`; beyond the head it is `diverged`.
  static AsOf position(GlobalPosition position) { return AsOf(When(position)); }
  /// All events recorded at `time` or before.
  static AsOf recorded(Timestamp time) { return AsOf(When(time)); }

  using When = std::variant<std::monostate, GlobalPosition, Timestamp>;
  const When& when() const noexcept { return when_; }

 private:
  AsOf() = default;
  explicit AsOf(When when) : when_(when) {}

  When when_;
};

/// Where a read was cut.
struct Cut {
  GlobalPosition position;  ///< The last position that the read could see.
  /// The same question asked later may see more: a cut at the head, or by a time that a later
  /// append could still be recorded at. Do not cache.
  bool open = false;
  bool inside_append = false;  ///< The cut parts an append: some of its events are beyond it.
};

struct ReadOptions {
  Query query = Query::all();
  Direction direction = Direction::forward;
  Start start = Start::at_end_of_direction();
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< Events in all.
  AsOf as_of = AsOf::head();
};

/// The events of one read, handed out in runs. Belongs to one thread at a time; the store must
/// outlive it. What it sees is fixed when it is made: appends that follow do not change it.
class Cursor {
 public:
  virtual ~Cursor() = default;

  /// Where this read was cut.
  virtual Cut cut() const = 0;

  /// The next run of at most `events_max` (at least 1) events; empty at the end, again and again.
  ///
  /// Errors: corrupt, unavailable.
  virtual Result<RecordedEvents> next(std::size_t events_max = 1024) = 0;
};

}  // namespace annals
