#pragma once

#include <cstdint>

namespace annals::internal {

/// Mistakes that tests make on purpose, to see that they would be noticed.
enum class PlantedBug : std::uint8_t {
  none,
  checkpoint_not_contiguous,  ///< It moves to what was acknowledged last, past what was not.
};

}  // namespace annals::internal
