#include <cstdio>
#include <utility>

#include <annals/eventstore/log_event_store.hpp>

#include "commands.hpp"
#include "complaint.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

Result<int> recover_store(const std::string& folder, const RecoverRequest& request, Format format,
                          Output& output) {
  LogOptions options;
  options.path = folder;
  options.access = LogOptions::Access::must_exist;
  // Whether it is lost shows when the store is opened without leave.
  auto opened = open_log_event_store(options);
  const bool mark_was_lost = !opened && is_lost_mark(opened.error());
  if (mark_was_lost && request.accept_lost_mark) {
    options.accept_lost_mark = true;
    opened = open_log_event_store(options);
  }
  if (!opened) return std::move(opened).error();
  const Stats stats = (*opened)->stats();
  if (mark_was_lost) {
    std::fprintf(
        stderr,
        "warning: the mark was lost; what the segments hold, up to position %llu, is taken "
        "for all there was: whatever was acknowledged after it is gone\n",
        static_cast<unsigned long long>(stats.head.position.value));
  }
  if (stats.missing_from_copy > 0) {
    std::fprintf(
        stderr,
        "warning: this folder was copied while the store was written to, and the %llu "
        "events up to position %llu that the original had by then are not in it\n",
        static_cast<unsigned long long>(stats.missing_from_copy),
        static_cast<unsigned long long>(stats.head.position.value + stats.missing_from_copy));
  }
  if (format == Format::json) {
    output.line(JsonObject()
                    .text("recovered", folder)
                    .text("store", to_string(stats.store))
                    .flag("mark_was_lost", mark_was_lost)
                    .number("torn_bytes_cut", stats.torn_bytes_cut)
                    .number("missing_from_copy", stats.missing_from_copy)
                    .number("position", stats.head.position.value)
                    .text("link", to_string(stats.head.link))
                    .finish());
    return exit_ok;
  }
  Properties properties;
  properties.add("recovered", folder);
  properties.add("store", to_string(stats.store));
  properties.add("mark", mark_was_lost ? "was lost, and is made anew" : "was there");
  properties.add("torn bytes cut", grouped(stats.torn_bytes_cut));
  if (stats.missing_from_copy > 0) {
    properties.add("missing from the copy", grouped(stats.missing_from_copy) + " events");
  }
  properties.add("position", std::to_string(stats.head.position.value));
  properties.add("link", to_string(stats.head.link));
  properties.print(output);
  return exit_ok;
}

}  // namespace annals::cli
