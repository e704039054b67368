#pragma once

#include <chrono>
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

/// The link of `append` after `previous`, once its keys have their versions; `entry` says the rest.
Link link_of(const PreparedAppend& append, const AppendEntry& entry, const Link& previous);

/// The receipt of `entry`; `versions` is filled by the caller.
Receipt receipt_of(const AppendEntry& entry, const StoreId& store, Era era);

}  // namespace annals::internal
