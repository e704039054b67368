#include <optional>
#include <utility>

#include <annals/eventstore/log_bytes.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

/// Two digits behind the point.
std::string per(std::uint64_t bytes, std::uint64_t events) {
  return events == 0 ? "0.00" : ratio_text(bytes, events);
}

std::string bytes_json(const LogBytes& bytes) {
  std::string parts = "[";
  for (const LogBytes::Part& part : bytes.parts) {
    if (parts.size() > 1) parts += ',';
    parts += JsonObject()
                 .text("part", part.name)
                 .number("bytes", part.bytes)
                 .number("compressed_alone", part.alone)
                 .value("bytes_per_event", per(part.bytes, bytes.events))
                 .value("compressed_alone_per_event", per(part.alone, bytes.events))
                 .finish();
  }
  return JsonObject()
      .number("events", bytes.events)
      .number("appends", bytes.appends)
      .number("frames", bytes.frames)
      .number("bytes", bytes.bytes)
      .value("bytes_per_event", per(bytes.bytes, bytes.events))
      .value("packed_bytes_per_event", per(bytes.packed_file_bytes, bytes.packed_events))
      .number("index_bytes", bytes.index_bytes)
      .number("heads_bytes", bytes.heads_bytes)
      .value("parts", parts + ']')
      .finish();
}

void print_bytes(const LogBytes& bytes, Output& output) {
  Properties properties;
  properties.add("bytes per event", per(bytes.bytes, bytes.events));
  if (bytes.segments_packed > 0) {
    properties.add("compressed, per event",
                   per(bytes.packed_file_bytes, bytes.packed_events) + " (in compressed segments)");
  }
  properties.add("index bytes", grouped(bytes.index_bytes));
  properties.add("heads bytes", grouped(bytes.heads_bytes));
  properties.add("of which", "bytes per event; compressed alone");
  for (const LogBytes::Part& part : bytes.parts) {
    properties.add("  " + part.name,
                   per(part.bytes, bytes.events) + "; " + per(part.alone, bytes.events));
  }
  properties.print(output);
}

/// A database has no segments, and nothing that a writer has left unsettled.
bool has_files(const Stats& stats) { return stats.engine == "log"; }

std::string stats_json(const Stats& stats, const std::optional<LogBytes>& bytes) {
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
  object.number("streams", stats.streams).number("appends", stats.appends);
  if (has_files(stats)) object.number("segments", stats.segments);
  object.number("bytes", stats.bytes);
  if (has_files(stats)) {
    object.number("segments_packed", stats.segments_packed)
        .number("packed_bytes", stats.packed_bytes)
        .number("packed_file_bytes", stats.packed_file_bytes)
        .number("unsettled_events", stats.unsettled_events)
        .number("missing_from_copy", stats.missing_from_copy);
    object.flag("mark_lost", stats.mark_lost);
  }
  if (!stats.failure.empty()) object.text("failure", stats.failure);
  if (bytes) object.value("by_part", bytes_json(*bytes));
  return object.finish();
}

}  // namespace

Result<int> show_stats(const std::string& folder, const StatsRequest& request, Format format,
                       Output& output) {
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  const Stats stats = (*store)->stats();
  std::optional<LogBytes> bytes;
  if (request.bytes) {
    LogOptions options;
    options.path = folder;
    Progress progress("counting bytes", request.progress);
    auto measured = measure_log_bytes(options, [&](std::uint64_t done, std::uint64_t all) {
      progress.show(done, all);
      return true;
    });
    if (!measured) return std::move(measured).error();
    bytes = *std::move(measured);
  }
  if (format == Format::json) {
    output.line(stats_json(stats, bytes));
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
  if (has_files(stats)) properties.add("segments", grouped(stats.segments));
  properties.add("bytes", grouped(stats.bytes));
  if (stats.segments_packed > 0) {
    properties.add("compressed", grouped(stats.segments_packed) + " segments, " +
                                     grouped(stats.packed_bytes) + " bytes as " +
                                     grouped(stats.packed_file_bytes) + ": ratio " +
                                     ratio_text(stats.packed_bytes, stats.packed_file_bytes));
  }
  if (stats.missing_from_copy > 0) {
    properties.add("missing from the copy",
                   grouped(stats.missing_from_copy) + " events that the original had by then");
  }
  if (stats.mark_lost) {
    properties.add("mark",
                   "lost: whether events are missing behind the last one is not known; "
                   "'verify' and 'recover' say more");
  } else if (stats.unsettled_events > 0) {
    properties.add("unsettled events", grouped(stats.unsettled_events) +
                                           " (a writer ended before it called them durable)");
  }
  if (!stats.failure.empty()) properties.add("failure", stats.failure);
  properties.print(output);
  if (bytes) print_bytes(*bytes, output);
  return exit_ok;
}

}  // namespace annals::cli
