#include <utility>

#include "commands.hpp"
#include "event_row.hpp"
#include "exit_code.hpp"

namespace annals::cli {

namespace {

std::string described(const Cut& cut) {
  std::string text = "history up to position " + std::to_string(cut.position.value);
  if (cut.inside_append) text += ", inside an append";
  if (cut.open) text += ", still open";
  return text;
}

}  // namespace

Result<int> read_events(const std::string& folder, const ReadRequest& request, Format format,
                        Output& output) {
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  auto cursor = (*store)->read(request.options);
  if (!cursor) return std::move(cursor).error();

  EventPrinter printer(output, format);
  std::uint64_t printed = 0;
  while (output.wanted()) {
    auto events = (*cursor)->next();
    if (!events) {
      printer.flush();  // What was read before the damage is good.
      return std::move(events).error();
    }
    if (events->empty()) break;
    for (const RecordedEvent& event : *events) printer.print(event);
    printed += events->size();
  }
  printer.flush();
  if (format == Format::table) {
    output.line(grouped(printed) + (printed == 1 ? " event; " : " events; ") +
                described((*cursor)->cut()));
  }
  return exit_ok;
}

}  // namespace annals::cli
