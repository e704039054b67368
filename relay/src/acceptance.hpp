#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals::internal {

/// Where a record stands in its history, as its headers say.
struct RecordPlace {
  StoreId store;
  Era era;
  GlobalPosition position;
  GlobalPosition previous;  ///< Of the record before it in its partition.
  std::optional<Link> link = {};

  bool operator==(const RecordPlace&) const = default;
};

/// The value of a record's header; nothing if it has none of that name.
using HeaderOf = std::function<std::optional<std::string_view>(std::string_view name)>;

/// Errors: corrupt (a header is missing or cannot be read: this is no record of a relay's).
Result<RecordPlace> read_place(const HeaderOf& header);

/// What a consumer has taken of each partition, and which record is next. With records as a relay
/// produces them, all of a partition's events are taken once and in order, whatever was repeated.
///
/// Belongs to one thread.
class Acceptance {
 public:
  /// `taken` is how far each partition is: the position of the last record taken, 0 for none. Their
  /// number is the topic's. Of `history`, store and era count.
  Acceptance(std::string topic, const Token& history, std::vector<GlobalPosition> taken)
      : topic_(std::move(topic)), history_(history), taken_(std::move(taken)) {}

  /// True: the record is next, and counts as taken now. False: it is a repetition, to be dropped.
  ///
  /// REQUIRES: partition < partitions()
  /// Errors: invalid_argument (another store), diverged (another era: what this consumer has taken
  /// may no longer be history), corrupt (a gap: records are missing).
  Result<bool> take(std::uint32_t partition, const RecordPlace& place);

  /// Begins a partition anew, from what was taken of it. REQUIRES: partition < partitions()
  void begin(std::uint32_t partition, GlobalPosition taken) { taken_[partition] = taken; }

  std::uint32_t partitions() const noexcept { return static_cast<std::uint32_t>(taken_.size()); }
  GlobalPosition taken(std::uint32_t partition) const { return taken_[partition]; }

 private:
  const std::string topic_;
  const Token history_;
  std::vector<GlobalPosition> taken_;
};

}  // namespace annals::internal
