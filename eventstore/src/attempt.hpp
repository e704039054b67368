#pragma once

#include <cstdint>
#include <optional>

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
  // The log's alone:
  std::uint32_t check = 0;  // See append_header_check().
  std::uint64_t segment = 0;
};

}  // namespace annals::internal
