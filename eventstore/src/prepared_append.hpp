#pragma once

#include <string_view>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/limits.hpp>

#include "index.hpp"

namespace annals::internal {

/// A request that is fit to be recorded, with all that can be worked out on its caller's thread:
/// tags sorted, id and digest filled in, contents hashed.
struct PreparedAppend {
  AppendRequest request;         // id and digest are set; tags are sorted sets.
  std::vector<Digest> contents;  // One per event.
  std::uint64_t data_bytes = 0;  // Of all texts: what back-pressure counts.
};

/// Checks `request` against the limits and the rules of a request (every written stream has a
/// check, at most one per stream, times in order) and prepares it. An error carries the append id.
///
/// Errors: invalid_argument.
Result<PreparedAppend> prepare(AppendRequest request, const Limits& limits);

/// The writer's view while it forms a group: the index plus the appends of the group before it,
/// which are not visible to anyone yet.
class GroupView {
 public:
  explicit GroupView(const Index& index) : index_(index) {}

  std::optional<StreamVersion> last_version(std::string_view stream) const;
  GlobalPosition head() const { return {index_.head().value + added_}; }

  /// Whether the checks, the conditions and the claimed times of `append` hold here and now.
  ///
  /// Errors: wrong_expected_version, condition_failed, invalid_argument (a condition or known_at
  /// beyond what is possible).
  Result<void> check(const PreparedAppend& append, Timestamp recorded_at,
                     std::chrono::microseconds max_clock_skew) const;

  /// Gives the append's events their versions, in order, and makes them seen by later checks of the
  /// group. `append` must stay alive and in place as long as this view.
  std::vector<StreamVersion> add(const PreparedAppend& append);

 private:
  const Index& index_;
  std::uint64_t added_ = 0;
  std::unordered_map<std::string_view, StreamVersion> heads_;  // Of streams the group wrote to.
  std::vector<const PreparedAppend*> group_;                   // For conditions.
};

/// The receipt of `entry`; `versions` is filled by the caller.
Receipt receipt_of(const AppendEntry& entry, const StoreId& store, Era era);

}  // namespace annals::internal
