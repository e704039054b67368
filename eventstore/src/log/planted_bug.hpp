#pragma once

#include <cstdint>

namespace annals::internal {

/// Mistakes that tests make on purpose, to see that they would be noticed.
enum class PlantedBug : std::uint8_t {
  none,
  mark_before_sync,              ///< The mark says durable before the sync has said so.
  trust_tail_after_failed_sync,  ///< At opening, what lies beyond the mark is not written again.
  trust_any_heads,               ///< The table of streams' ends is believed whatever it says.
};

}  // namespace annals::internal
