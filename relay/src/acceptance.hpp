#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

#include "record_place.hpp"

namespace annals::internal {

/// What a consumer has taken of each partition, and which record is next. With records as a relay
/// produces them, all of a partition's events are taken once and in order, whatever was repeated.
///
/// Belongs to one thread.
class Acceptance {
 public:
  /// `taken` is how far each partition is: the position of the last record taken, 0 for none. Their
  /// number is the topic's. Of `history`, store and era count.
  Acceptance(std::string topic, const Token& history, std::vector<GlobalPosition> taken)
      : topic_(std::move(topic)), history_(history) {
    for (const GlobalPosition position : taken) taken_.push_back({position, std::nullopt});
  }

  /// True: the record is next, and counts as taken now. False: it is a repetition, to be dropped.
  ///
  /// REQUIRES: partition < partitions()
  /// Errors: invalid_argument (another store), diverged (another era: what this consumer has taken
  /// may no longer be history; or the last position taken, with another link), corrupt (a gap:
  /// records are missing).
  Result<bool> take(std::uint32_t partition, const RecordPlace& place);

  /// Begins a partition anew, from what was taken of it, with the link there if it is known.
  /// REQUIRES: partition < partitions()
  void begin(std::uint32_t partition, GlobalPosition taken, std::optional<Link> link = {}) {
    taken_[partition] = {taken, link};
  }

  std::uint32_t partitions() const noexcept { return static_cast<std::uint32_t>(taken_.size()); }
  GlobalPosition taken(std::uint32_t partition) const { return taken_[partition].position; }

 private:
  struct Taken {
    GlobalPosition position;
    std::optional<Link> link;  // There, if the record said it.
  };

  const std::string topic_;
  const Token history_;
  std::vector<Taken> taken_;
};

}  // namespace annals::internal
