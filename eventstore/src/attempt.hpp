#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <annals/eventstore/append.hpp>

#include "append_entry.hpp"
#include "prepared_append.hpp"

namespace annals::internal {

/// One append on its way through an engine's writer.
struct Attempt {
  enum class State : std::uint8_t {
    waiting,   ///< Not looked at yet.
    in_group,  ///< Will be answered with the group: see `outcome` after synced().
    repeat,    ///< Its id is in the log or earlier in the group: answered from there.
    settled,   ///< `outcome` is set.
  };

  /// What is left to do once it is settled, for whoever has waited: the receipt's versions.
  void finish();

  PreparedAppend append;
  State state = State::waiting;
  std::optional<Result<Receipt>> outcome;
  // Set while in a group:
  AppendEntry entry;  // In the log its address is the offset of its header in the segment.
  std::vector<StreamVersion> versions;  // One per event.
  // The log's alone:
  std::uint64_t segment = 0;
  std::vector<std::uint32_t> offsets;  // One per event, in the segment.
};

}  // namespace annals::internal
