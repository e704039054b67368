#pragma once

#include <cstdint>

namespace annals::internal {

/// Mistakes that tests make on purpose, to see that they would be noticed.
enum class PlantedBug : std::uint8_t {
  none,
  sync_left_out,                 ///< A group is answered without a sync.
  mark_before_sync,              ///< The mark says durable before the sync has said so.
  frame_checksum_left_out,       ///< A frame whose lengths agree is taken for whole.
  record_checksum_left_out,      ///< So is a record.
  torn_frame_accepted,           ///< What begins like a frame is taken for one.
  checksum_not_seeded,           ///< Frames check in any place, in any segment.
  trust_tail_after_failed_sync,  ///< At opening, what lies beyond the mark is not written again.
  trust_any_heads,               ///< The table of streams' ends is believed whatever it says.
  trust_copied_heads,            ///< A copy of that table is believed like the table itself.
  index_checksum_left_out,       ///< The index of a segment is believed without its checksums.
  packed_not_synced,             ///< A segment is removed before its packed file is durable.
};

}  // namespace annals::internal
