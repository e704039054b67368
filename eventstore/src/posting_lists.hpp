#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/position.hpp>
#include <annals/eventstore/query.hpp>

namespace annals::internal {

/// What the index knows a record by. A record that is no event takes a position and nothing else.
struct RecordKeys {
  bool event = true;
  std::string_view stream;
  StreamVersion version;
  std::string_view type;
  std::span<const std::string_view> tags;
};

/// For every stream, category, type and tag the ascending positions of its events. Not thread-safe.
class PostingLists {
 public:
  using Postings = std::vector<std::uint64_t>;

  /// Lists of what follows `after`.
  explicit PostingLists(GlobalPosition after = {}) : first_(after), last_(after) {}

  /// Adds the record at the next position. Says how many events of its stream were listed before.
  std::uint64_t add(const RecordKeys& record);

  GlobalPosition last_position() const { return last_; }
  std::size_t stream_count() const { return streams_.size(); }
  /// By version, if the lists begin at the log's beginning. Nullptr: no such stream.
  const Postings* stream(std::string_view name) const { return find(streams_, name); }

  /// Up to `max` positions in (after, up_to] whose events match, ascending.
  std::vector<GlobalPosition> select(const Query& query, GlobalPosition after, GlobalPosition up_to,
                                     std::size_t max) const;
  /// Up to `max` positions in [from, before) whose events match, descending.
  std::vector<GlobalPosition> select_backward(const Query& query, GlobalPosition before,
                                              GlobalPosition from, std::size_t max) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Lists = std::unordered_map<std::string, Postings, Hash, std::equal_to<>>;

  static const Postings* find(const Lists& lists, std::string_view name);
  static Postings& list(Lists& lists, std::string_view name);
  // Positions from `first` to `last`, both included, in the direction of Order.
  template <typename Order>
  std::vector<GlobalPosition> walk(const Query& query, std::uint64_t first, std::uint64_t last,
                                   std::size_t max) const;

  Lists streams_;
  Lists categories_;
  Lists types_;
  Lists tags_;
  Postings not_events_;
  GlobalPosition first_;  // Nothing at or before it is listed.
  GlobalPosition last_;
};

}  // namespace annals::internal
