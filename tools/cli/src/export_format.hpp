/// @file
/// History as JSON lines: docs/reference/export_format.md.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals::cli {

constexpr std::uint64_t export_version = 1;

/// The first line: whose history follows, and how much of it.
struct ExportHeader {
  StoreId store;
  std::vector<EraBegin> eras;
  GlobalPosition first;   ///< Of the first append that is looked at; 1: from the beginning.
  Link link_before;       ///< Of the append before it.
  GlobalPosition last;    ///< Of the last one ...
  Link link;              ///< ... and its link.
  bool filtered = false;  ///< Not all of these events are there.
};

/// An event as its writer gave it, and where it was recorded.
struct ExportedEvent {
  NewEvent event;
  StreamVersion version;
  GlobalPosition position;
};

/// A line of one append.
struct ExportedAppend {
  RecordedAppend append;
  std::vector<ExportedEvent> events;
};

/// The last line: without it, the file has been cut short.
struct ExportEnd {
  std::uint64_t appends = 0;
  std::uint64_t events = 0;
};

using ExportLine = std::variant<ExportHeader, ExportedAppend, ExportEnd>;

// Lines are written without their line break.
std::string export_line(const ExportHeader& header);
std::string export_line(const RecordedAppend& append, const std::vector<RecordedEvent>& events);
std::string export_line(const ExportEnd& end);

/// Reads a line. Never crashes or allocates more than the line calls for, whatever it holds.
///
/// Errors: invalid_argument (what was expected, and where in the line), unsupported (a newer
/// format).
Result<ExportLine> parse_export_line(std::string_view line);

}  // namespace annals::cli
