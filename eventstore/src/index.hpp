#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/query.hpp>

#include "posting_lists.hpp"

namespace annals::internal {

/// One append as the log has it. `address` is the engine's own note of where it lies.
struct AppendEntry {
  AppendId id;
  RequestDigest digest;
  GlobalPosition first;
  std::uint32_t count = 0;  ///< Records, at least 1.
  Timestamp recorded_at;
  Link link;
  std::uint64_t address = 0;

  GlobalPosition last() const { return {first.value + count - 1}; }
};

/// Where everything is: by stream, category, type, tag, append id, position and time. Lives in
/// memory and is built from the log. Not thread-safe: its owner locks.
class Index {
 public:
  /// Adds the next append. REQUIRES: entry.first is head + 1; records.size() == entry.count; each
  /// event's version is the next of its stream; the id is new.
  void add(const AppendEntry& entry, std::span<const RecordKeys> records);

  GlobalPosition head() const { return postings_.last_position(); }
  std::size_t append_count() const { return appends_.size(); }
  std::size_t stream_count() const { return postings_.stream_count(); }
  const AppendEntry* last_append() const { return appends_.empty() ? nullptr : &appends_.back(); }

  std::optional<StreamVersion> last_version(std::string_view stream) const;
  /// The position of `stream`'s event `version`, if it has it.
  std::optional<GlobalPosition> position_of(std::string_view stream, StreamVersion version) const;
  const AppendEntry* find(const AppendId& id) const;
  /// The append that holds `position`. REQUIRES: 1 <= position <= head().
  const AppendEntry& holding(GlobalPosition position) const;
  /// The last position recorded at `time` or before; 0 if none.
  GlobalPosition last_at(Timestamp time) const;

  /// Up to `max` positions in (after, up_to] whose events match, ascending.
  std::vector<GlobalPosition> select(const Query& query, GlobalPosition after, GlobalPosition up_to,
                                     std::size_t max) const;
  /// Up to `max` positions in [from, before) whose events match, descending.
  std::vector<GlobalPosition> select_backward(const Query& query, GlobalPosition before,
                                              GlobalPosition from, std::size_t max) const;
  /// The first event after `after` that matches, if any: what an append condition asks.
  std::optional<GlobalPosition> first_match(const Query& query, GlobalPosition after) const;

 private:
  PostingLists postings_;
  std::deque<AppendEntry> appends_;  // Addresses stay valid: ids_ points into it.
  std::unordered_map<AppendId, const AppendEntry*> ids_;
};

}  // namespace annals::internal
