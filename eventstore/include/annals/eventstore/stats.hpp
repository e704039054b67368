/// @file
/// What a store says about itself.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/position.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// The end of what is durable and visible.
struct Head {
  GlobalPosition position;  ///< 0 for an empty store.
  Link link;
  bool operator==(const Head&) const = default;
};

struct Stats {
  std::string engine;      ///< "memory", "log".
  std::string durability;  ///< "synced", or the name of the weaker mode that was asked for.
  StoreId store;
  std::vector<EraBegin> eras;  ///< Oldest first; the last one is the store's era.
  Head head;
  Timestamp last_recorded_at;
  std::uint64_t streams = 0;
  std::uint64_t appends = 0;   ///< In the log.
  std::uint64_t segments = 0;  ///< Files of the log.
  std::uint64_t bytes = 0;     ///< Of the log, before compression; free space ahead not counted.
  std::uint64_t segments_packed = 0;    ///< Of `segments`, compressed.
  std::uint64_t packed_bytes = 0;       ///< Of `bytes`, what they hold.
  std::uint64_t packed_file_bytes = 0;  ///< What that is on disk.
  // Since this store was opened:
  std::uint64_t groups_synced = 0;     ///< Each one sync of the device.
  std::uint64_t appends_synced = 0;    ///< In those groups.
  std::uint64_t appends_repeated = 0;  ///< Answered with an earlier receipt.
  std::uint64_t appends_refused = 0;   ///< By a check or condition.
  std::uint64_t torn_bytes_cut = 0;    ///< At opening: an unfinished group beyond the durable mark.
  std::uint64_t rewritten_groups = 0;  ///< At opening: whole groups beyond the mark, kept.
  /// At the first opening of a folder that was copied while the store was written to: events that
  /// the original had by the time its mark was copied, and that are not in this copy.
  std::uint64_t missing_from_copy = 0;
  std::uint64_t unsettled_events =
      0;  ///< Read-only: seen beyond the mark of a writer that is gone.
  /// Read-only: the log's mark is lost, so that nobody knows whether events are missing behind the
  /// last one. All in the last segment counts as unsettled then.
  bool mark_lost = false;
  std::uint64_t snapshots_saved = 0;
  std::uint64_t snapshot_hits = 0;
  std::string failure;  ///< Why writing has ended, or empty.
  /// Why a segment could not be compressed (a full disk), or empty. It stays as it is, and the next
  /// opening tries again.
  std::string packing_failure;
};

}  // namespace annals
