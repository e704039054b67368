/// @file
/// Which history a report is about, as the command line says it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <annals/eventstore/result.hpp>
#include <annals/queries/consistency.hpp>

namespace bank {

/// The words of one cut; all may be empty.
struct CutWords {
  std::string as_of;                      ///< By the day that money moved, that day included.
  std::string known_at;                   ///< By when it was known.
  std::optional<std::uint64_t> position;  ///< By the log: what had been recorded by then.

  bool empty() const { return as_of.empty() && known_at.empty() && !position; }
};

/// The read model as it is, or history up to the cut.
///
/// Errors: invalid_argument (neither a date nor a time).
annals::Result<annals::Consistency> consistency_of(const CutWords& words);

}  // namespace bank
