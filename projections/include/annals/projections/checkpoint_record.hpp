/// @file
/// What a read model keeps about each of its projections, beside the rows.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/holder.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// The checkpoint of a projection and all that is kept with it. It moves in the transaction that
/// writes the rows, by compare-and-set of `epoch` and the position: who lost the lease writes
/// nothing.
struct CheckpointRecord {
  std::string projection;
  std::uint32_t version = 1;      ///< Of the definition that made the rows.
  std::uint64_t fingerprint = 0;  ///< As above: ProjectionType::fingerprint.
  std::vector<std::string> tables = {};
  std::uint32_t partition = 0;
  std::optional<Checkpoint> checkpoint = {};  ///< Nothing: no event was projected yet.
  std::string cursor = {};                    ///< The source's own, opaque.
  std::uint64_t epoch = 0;                    ///< Raised by every claim and by a swap.
  std::optional<Holder> holder = {};          ///< Of the lease; nothing: released.
  Timestamp lease_until = {};
  bool paused = false;
  std::string failure = {};  ///< Why it has halted; empty: it has not.
  Timestamp updated_at = {};

  GlobalPosition position() const {
    return checkpoint ? checkpoint->token.position : GlobalPosition{};
  }
};

}  // namespace annals
