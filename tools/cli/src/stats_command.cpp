#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

std::string stats_json(const Stats& stats) {
  std::string eras = "[";
  for (const EraBegin& era : stats.eras) {
    if (eras.size() > 1) eras += ',';
    eras += JsonObject()
                .number("era", era.era.value)
                .number("begins_after", era.begins_after.value)
                .finish();
  }
  eras += ']';
  JsonObject object;
  object.text("engine", stats.engine)
      .text("durability", stats.durability)
      .text("store", to_string(stats.store))
      .value("eras", eras)
      .number("position", stats.head.position.value)
      .text("link", to_string(stats.head.link));
  if (stats.head.position.value > 0) {
    object.text("last_recorded_at", to_string(stats.last_recorded_at));
  }
  object.number("streams", stats.streams)
      .number("appends", stats.appends)
      .number("segments", stats.segments)
      .number("bytes", stats.bytes)
      .number("segments_packed", stats.segments_packed)
      .number("packed_bytes", stats.packed_bytes)
      .number("packed_file_bytes", stats.packed_file_bytes)
      .number("unsettled_events", stats.unsettled_events);
  if (!stats.failure.empty()) object.text("failure", stats.failure);
  return object.finish();
}

}  // namespace

Result<int> show_stats(const std::string& folder, Format format, Output& output) {
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  const Stats stats = (*store)->stats();
  if (format == Format::json) {
    output.line(stats_json(stats));
    return exit_ok;
  }
  Properties properties;
  properties.add("engine", stats.engine);
  properties.add("durability", stats.durability);
  properties.add("store", to_string(stats.store));
  for (const EraBegin& era : stats.eras) {
    properties.add("era " + std::to_string(era.era.value),
                   "begins after position " + std::to_string(era.begins_after.value));
  }
  properties.add("position", std::to_string(stats.head.position.value));
  properties.add("link", to_string(stats.head.link));
  if (stats.head.position.value > 0) {
    properties.add("last recorded at", to_string(stats.last_recorded_at));
  }
  properties.add("streams", grouped(stats.streams));
  properties.add("appends", grouped(stats.appends));
  properties.add("segments", grouped(stats.segments));
  properties.add("bytes", grouped(stats.bytes));
  if (stats.segments_packed > 0) {
    properties.add("compressed", grouped(stats.segments_packed) + " segments, " +
                                     grouped(stats.packed_bytes) + " bytes as " +
                                     grouped(stats.packed_file_bytes) + ": ratio " +
                                     ratio_text(stats.packed_bytes, stats.packed_file_bytes));
  }
  if (stats.unsettled_events > 0) {
    properties.add("unsettled events", grouped(stats.unsettled_events) +
                                           " (a writer ended before it called them durable)");
  }
  if (!stats.failure.empty()) properties.add("failure", stats.failure);
  properties.print(output);
  return exit_ok;
}

}  // namespace annals::cli
