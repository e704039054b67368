/// @file
/// Recorded events as JSON lines and as rows of a table.

#pragma once

#include <string>
#include <vector>

#include <annals/eventstore/event.hpp>

#include "output.hpp"
#include "table.hpp"

namespace annals::cli {

/// One event as a JSON object. Its data is embedded as a JSON value if the writer called it JSON
/// and it is; otherwise it is "data_text", or "data_base64" if it is binary or not UTF-8. The same
/// for "metadata". Absent fields are left out.
std::string event_json(const RecordedEvent& event);

/// Prints events in one of the two formats.
class EventPrinter {
 public:
  /// `format` must be table or json.
  EventPrinter(Output& output, Format format);

  void print(const RecordedEvent& event);
  /// Shows everything printed so far, the table's title line at least.
  void flush();

 private:
  Output& output_;
  Format format_;
  Table table_;
};

}  // namespace annals::cli
