/// @file
/// The parts that a projection can be split into, so that several processes share it.

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <annals/projections/cell.hpp>

namespace annals {

/// One part of a projection: the rows whose keys fall to it, with a checkpoint of its own. A
/// projection that is not split is partition 0 of 1.
struct Partition {
  std::uint32_t index = 0;  ///< From 0 on.
  std::uint32_t count = 1;  ///< 1 to partitions_max.

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
