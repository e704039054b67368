#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "read_model_place.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

struct Kind {
  std::string type;
  std::uint32_t schema_version = 1;
  auto operator<=>(const Kind&) const = default;
};
struct Seen {
  std::uint64_t events = 0;
  GlobalPosition first;
};

/// Why the program cannot read events of this kind; nothing if it can.
std::optional<std::string> why_not(const Kind& kind, const ProgramTypes& types) {
  const std::string_view name = types.upcasters.current_name(kind.type);
  const auto known = std::find_if(types.events.begin(), types.events.end(),
                                  [&](const EventType* type) { return type->name == name; });
  if (known == types.events.end()) return "the program has no such event";
  const std::uint32_t version = (*known)->schema_version;
  if (kind.schema_version == version) return std::nullopt;
  if (kind.schema_version > version) {
    return "the program knows versions up to " + std::to_string(version) + ": deploy it first";
  }
  if (types.upcasters.reaches(name, kind.schema_version, version)) return std::nullopt;
  return "an upcaster from version " + std::to_string(kind.schema_version) + " to " +
         std::to_string(version) + " is missing";
}

Result<std::map<Kind, Seen>> stored_kinds(const EventStore& store) {
  auto cursor = store.read({});
  if (!cursor) return std::move(cursor).error();
  Progress progress("reading positions");
  std::map<Kind, Seen> kinds;
  while (true) {
    auto events = (*cursor)->next();
    if (!events) return std::move(events).error();
    if (events->empty()) return kinds;
    for (const RecordedEvent& event : *events) {
      Seen& seen = kinds[{std::string(event.type), event.schema_version}];
      if (seen.events++ == 0) seen.first = event.position;
    }
    progress.show(events->back().position.value, (*cursor)->cut().position.value);
  }
}

/// What stands against a read model; nothing if the program has made it from this history, or does
/// not know it.
std::optional<std::string> why_not(const CheckpointRecord& record, const ProgramTypes& types,
                                   const EventStore& store) {
  for (const ProjectionType* projection : types.projections) {
    if (projection->name != record.projection) continue;
    if (projection->fingerprint() != record.fingerprint) {
      return "made by definition version " + std::to_string(record.version) +
             ", the program has version " + std::to_string(projection->version) +
             (record.version == projection->version ? " with other tables" : "") + ": rebuild it";
    }
    if (!record.checkpoint) return std::nullopt;
    const auto resumed = store.resume(*record.checkpoint);
    if (resumed) return std::nullopt;
    return "has seen another history than this store: " + resumed.error().message +
           "; put the right two together, or rebuild it";
  }
  return std::nullopt;
}

}  // namespace

Result<int> check_types(std::string_view program, const std::string& folder,
                        const CheckRequest& request, const ProgramTypes& types, Format format,
                        Output& output) {
  if (types.events.empty()) return without_types(program, "check");
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  auto kinds = stored_kinds(**store);
  if (!kinds) return std::move(kinds).error();

  Table table(output, {{"what"}, {"version"}, {"events"}, {"first position"}, {"problem"}});
  std::size_t problems = 0;
  for (const auto& [kind, seen] : *kinds) {
    const auto problem = why_not(kind, types);
    if (!problem) continue;
    ++problems;
    if (format == Format::json) {
      output.line(JsonObject()
                      .text("event", kind.type)
                      .number("schema_version", kind.schema_version)
                      .number("events", seen.events)
                      .number("first_position", seen.first.value)
                      .text("problem", *problem)
                      .finish());
    } else {
      table.row({"event " + kind.type, std::to_string(kind.schema_version),
                 std::to_string(seen.events), std::to_string(seen.first.value), *problem});
    }
  }
  if (!is_missing_file(request.read_models)) {
    auto rows = open_read_models(request.read_models, ReadModelAccess::read);
    if (!rows) return std::move(rows).error();
    auto records = (*rows)->records();
    if (!records) return std::move(records).error();
    std::string_view said;  // Of a projection's partitions the first says enough.
    for (const CheckpointRecord& record : *records) {
      if (record.projection == said) continue;
      const auto problem = why_not(record, types, **store);
      if (!problem) continue;
      said = record.projection;
      ++problems;
      if (format == Format::json) {
        output.line(JsonObject()
                        .text("projection", record.projection)
                        .number("version", record.version)
                        .text("problem", *problem)
                        .finish());
      } else {
        table.row(
            {"projection " + record.projection, std::to_string(record.version), "", "", *problem});
      }
    }
  }
  if (format == Format::table) {
    if (problems > 0) table.flush();
    output.line(problems == 0 ? "everything stored can be read" : "");
  }
  return problems == 0 ? exit_ok : exit_failed;
}

}  // namespace annals::cli
