/// @file
/// The parts that a projection can be split into, so that several processes share it.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <annals/projections/cell.hpp>

namespace annals {

/// What tells the parts of a projection apart. Kept with its checkpoints: values never change.
enum class SplitBy : std::uint8_t {
  row = 0,     ///< Each has the rows whose keys fall to it, and sees all events.
  stream = 1,  ///< Each sees the events of its streams, as a topic's partitions do.
};
/// "row", "stream"; nothing for another word.
std::string_view to_string(SplitBy split) noexcept;
std::optional<SplitBy> parse_split_by(std::string_view text) noexcept;

/// One part of a projection, with a checkpoint of its own. A projection that is not split is
/// partition 0 of 1.
struct Partition {
  std::uint32_t index = 0;  ///< From 0 on.
  std::uint32_t count = 1;  ///< 1 to partitions_max.
  SplitBy split_by = SplitBy::row;

  bool operator==(const Partition&) const = default;
};

inline constexpr std::uint32_t partitions_max = 256;

/// "partition 2 of 4", counted from 0.
std::string to_string(const Partition& partition);

/// Which of `count` partitions the rows with this key fall to: its members in order, as cells. The
/// same on every machine and in every version; docs/explanation/projections.md tells how it is
/// reckoned.
std::uint32_t partition_of(std::span<const Cell> key, std::uint32_t count);

}  // namespace annals
