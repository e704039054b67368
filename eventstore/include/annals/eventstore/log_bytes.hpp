/// @file
/// What the bytes of a log store are.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <annals/eventstore/log_event_store.hpp>

namespace annals {

/// The bytes of a log, up to its durable end, by what they are. The parts add up to `bytes`.
struct LogBytes {
  struct Part {
    std::string name;         ///< "links", "data", …
    std::uint64_t bytes = 0;  ///< As they were written.
    /// What they would be compressed by themselves, those of a segment together: whatever is done
    /// about the other parts, this one hardly gets smaller.
    std::uint64_t alone = 0;
  };

  std::uint64_t events = 0;
  std::uint64_t appends = 0;
  std::uint64_t frames = 0;
  std::vector<Part> parts;  ///< Those that there are, in the order in which they lie in a segment.
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t segments_packed = 0;    ///< Of these, compressed.
  std::uint64_t packed_events = 0;      ///< Events in them.
  std::uint64_t packed_bytes = 0;       ///< What they hold.
  std::uint64_t packed_file_bytes = 0;  ///< What that is on disk.
  std::uint64_t index_bytes = 0;  ///< Of the index files; that of the active segment has none.
  std::uint64_t heads_bytes = 0;  ///< Of the table of streams' ends.
};

/// Reads the whole log in `options.path` and counts. Takes no lock and changes nothing; beside a
/// live writer it sees what was durable when it began. `progress` is called now and then with
/// (bytes done, bytes to do); false: give up.
///
/// Errors: unavailable (no store there), corrupt (with place), unsupported, invalid_argument,
/// timeout (given up).
Result<LogBytes> measure_log_bytes(
    const LogOptions& options,
    const std::function<bool(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace annals
