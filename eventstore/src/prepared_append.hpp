#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/limits.hpp>

#include "index.hpp"

namespace annals::internal {

/// A request that is fit to be recorded, with all that can be worked out on its caller's thread:
/// tags sorted, id and digest filled in, contents hashed.
struct PreparedAppend {
  PreparedAppend() = default;
  PreparedAppend(PreparedAppend&&) = default;
  PreparedAppend& operator=(PreparedAppend&&) = default;
  PreparedAppend(const PreparedAppend&) = delete;  // `keys` point into the rest.
  PreparedAppend& operator=(const PreparedAppend&) = delete;

  AppendRequest request;         // id and digest are set; tags are sorted sets.
  std::vector<Digest> contents;  // One per event.
  // What each event will be known by. The writer sets the versions and offsets.
  std::vector<RecordKeys> keys;
  std::vector<std::string_view> tags;  // Of all events, one after the other.
  std::vector<KeyHash> tag_hashes;
  std::uint64_t data_bytes = 0;  // Of all texts: what back-pressure counts.
  std::uint64_t begun = 0;       // An engine's own note of when its caller came.

  // What the caller's thread has looked up, so that the writer need not: see look_up().
  bool new_id = false;     // Made up for this append: nothing can have it yet.
  bool known_id = false;   // An append with this id is in the log.
  GlobalPosition seen_to;  // All up to here has been looked at.
  // The first match of each condition; none: not up to seen_to.
  std::vector<std::optional<GlobalPosition>> matches;
};

/// Looks for the append's id and for matches of its conditions in the log as it is now. The writer
/// then looks only at what has come later.
///
/// Errors: corrupt, unavailable.
Result<void> look_up(PreparedAppend& append, const Index& index);

/// Checks `request` against the limits and the rules of a request (every written stream has a
/// check, at most one per stream, times in order) and prepares it. An error carries the append id.
///
/// Errors: invalid_argument.
Result<PreparedAppend> prepare(AppendRequest request, const Limits& limits,
                               const KeyHasher& hasher);

/// The digest of a request whose contents are hashed already; `contents` may be empty.
RequestDigest request_digest(std::span<const NewEvent> events, std::span<const Digest> contents);

/// What an append that begins now is recorded at: never before `last`, the time of the append
/// before it (none: the log is empty).
///
/// Errors: unavailable, if the clock is behind `last` by more than `max_clock_skew` (its type's
/// max(): an operator has accepted that).
Result<Timestamp> recorded_at_for(Timestamp clock_now, std::optional<Timestamp> last,
                                  std::chrono::microseconds max_clock_skew);

/// The answer to a request whose id is known: the first receipt, or invalid_argument if it was
/// another request.
Result<Receipt> answer_repeat(Receipt first, const RequestDigest& first_digest,
                              const AppendRequest& again);

/// Collects the last version of each written stream, for a receipt. Add events in position order;
/// names must live until take().
class WrittenStreams {
 public:
  void add(std::string_view stream, StreamVersion version);
  /// Sorted by name.
  std::vector<Receipt::Written> take();

 private:
  std::vector<std::pair<std::string_view, StreamVersion>> written_;
};

/// The writer's view while it forms a group: the index, plus what is not visible to anyone yet:
/// the appends of the group so far, and those of the group before it while that is in flight. For
/// the thread that adds to the index.
class GroupView {
 public:
  explicit GroupView(const Index& index) : index_(index) { group_.begin(index.head()); }

  /// Begins the next group; all before it is visible or will never be.
  void begin();
  /// Begins the next group behind the present one, which is in flight.
  void begin_behind();
  /// What was in flight is visible.
  void landed() { in_flight_.begin({}); }

  Result<std::optional<StreamVersion>> last_version(std::string_view stream) const;
  GlobalPosition head() const { return group_.head(); }

  /// Whether the checks, the conditions and the claimed times of `append` hold here and now.
  ///
  /// Errors: wrong_expected_version, condition_failed, invalid_argument (a condition or known_at
  /// beyond what is possible), corrupt (what it has to look at cannot be read).
  Result<void> check(const PreparedAppend& append, Timestamp recorded_at,
                     std::chrono::microseconds max_clock_skew) const;

  /// Gives the append's events their versions, in order, and makes them seen by later checks of the
  /// group. `append` must stay alive and in place until the next group begins.
  ///
  /// Errors: corrupt; nothing has been added then.
  Result<void> add(PreparedAppend& append);

 private:
  Result<std::optional<StreamVersion>> last_version(std::string_view stream,
                                                    const KeyHash& hash) const;
  Result<std::optional<StreamVersion>> before_group(std::string_view stream,
                                                    const KeyHash& hash) const;
  /// Of what the condition asks about, beyond `seen_to`.
  Result<std::optional<GlobalPosition>> first_match(const AppendCondition& condition,
                                                    GlobalPosition seen_to) const;

  /// The ends of the streams that the group wrote to: a table that is cleared at little cost.
  class Ends {
   public:
    /// The place for a stream's next version; 0: it has none here.
    std::uint64_t& next_version(const KeyHash& stream);
    std::uint64_t find(const KeyHash& stream) const;
    void clear();

   private:
    struct Slot {
      KeyHash stream;
      std::uint64_t next = 0;
      bool used = false;
    };
    void grow();

    std::vector<Slot> slots_ = std::vector<Slot>(64);
    std::vector<std::uint32_t> used_;
  };

  struct Group {
    void begin(GlobalPosition head);
    GlobalPosition head() const { return {before.value + added}; }
    std::optional<GlobalPosition> first_match(const AppendCondition& condition,
                                              const KeyHasher& hasher);

    GlobalPosition before;
    std::uint64_t added = 0;
    Ends ends;
    std::vector<const PreparedAppend*> appends;
    // Of the group's events, for conditions; made only when one asks.
    std::unique_ptr<MemoryPart> postings;
    std::size_t appends_posted = 0;
  };

  const Index& index_;
  mutable Group group_;
  mutable Group in_flight_;  // Without appends: nothing is.
};

/// The link of `append` after `previous`, once its keys have their versions; `entry` says the rest.
Link link_of(const PreparedAppend& append, const AppendEntry& entry, const Link& previous);

/// The receipt of `entry`; `versions` is filled by the caller.
Receipt receipt_of(const AppendEntry& entry, const StoreId& store, Era era);

}  // namespace annals::internal
