/// @file
/// What a read model keeps about each of its projections, beside the rows.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/holder.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>
#include <annals/projections/partition.hpp>

namespace annals {

/// The checkpoint of a partition of a projection and all that is kept with it. It moves in the
/// transaction that writes the rows, by compare-and-set of `epoch` and the position: who lost the
/// lease writes nothing.
struct CheckpointRecord {
  std::string projection;
  std::uint32_t version = 1;      ///< Of the definition that made the rows.
  std::uint64_t fingerprint = 0;  ///< As above: ProjectionType::fingerprint.
  std::vector<std::string> tables = {};
  Partition partition = {};
  std::optional<Checkpoint> checkpoint = {};  ///< Nothing: no event was projected yet.
  std::string cursor = {};                    ///< The source's own, opaque.
  std::uint64_t epoch = 0;                    ///< Raised by every claim and by a swap.
  std::optional<Holder> holder = {};          ///< Of the lease; nothing: released.
  Timestamp lease_until = {};
  bool leased = false;  ///< By the database's clock, the lease held when the record was read.
  /// Who has asked the holder to give it back, while that holds; nobody else may claim it then.
  std::optional<Holder> wanted_by = {};
  Timestamp wanted_until = {};
  bool paused = false;
  std::string failure = {};  ///< Why it has halted; empty: it has not.
  /// Rows of the whole projection that lag behind their checkpoints, since their events are parked:
  /// see parked.hpp. Counted by the database; not written.
  std::uint64_t parked_keys = 0;
  Timestamp updated_at = {};

  GlobalPosition position() const {
    return checkpoint ? checkpoint->token.position : GlobalPosition{};
  }
};

/// What the partitions of a projection come to, as one record: that of the partition which is
/// furthest behind, so its position is a reader's; the highest epoch, the last time of a change,
/// and the first failure if any partition has halted. Nothing for none.
std::optional<CheckpointRecord> whole_of(std::span<const CheckpointRecord> partitions);
/// The same for records of several projections, sorted by them.
std::vector<CheckpointRecord> wholes_of(std::span<const CheckpointRecord> records);
/// Whether waiting for the partitions to reach `position` is over: all have, or one that has not
/// has halted.
bool is_settled(std::span<const CheckpointRecord> partitions, GlobalPosition position);

}  // namespace annals
