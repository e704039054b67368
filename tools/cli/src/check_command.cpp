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
/// Events of one kind that the program cannot read.
struct Unread {
  std::uint64_t events = 0;
  GlobalPosition first;
  std::string problem;  // Of the first.
};

/// The event that the program reads events of this kind as; nullptr if it has none.
const EventType* type_of(const Kind& kind, const ProgramTypes& types) {
  const std::string_view name = types.upcasters.current_name(kind.type);
  const auto known = std::find_if(types.events.begin(), types.events.end(),
                                  [&](const EventType* type) { return type->name == name; });
  return known == types.events.end() ? nullptr : *known;
}

/// Why the program can read no event of this kind; nothing if it can.
std::optional<std::string> why_not(const Kind& kind, const ProgramTypes& types) {
  const EventType* const type = type_of(kind, types);
  if (type == nullptr) return "the program has no such event";
  const std::string_view name = type->name;
  const std::uint32_t version = type->schema_version;
  if (kind.schema_version == version) return std::nullopt;
  if (kind.schema_version > version) {
    return "the program knows versions up to " + std::to_string(version) + ": deploy it first";
  }
  if (types.upcasters.reaches(name, kind.schema_version, version)) return std::nullopt;
  return "an upcaster from version " + std::to_string(kind.schema_version) + " to " +
         std::to_string(version) + " is missing";
}

/// Reads every event as the program would, so that data which is not what its kind says is found
/// as well.
Result<std::map<Kind, Unread>> unread_events(const EventStore& store, const ProgramTypes& types) {
  auto cursor = store.read({});
  if (!cursor) return std::move(cursor).error();
  Progress progress("reading positions");
  std::map<Kind, std::optional<std::string>> kinds;  // And why none of them can be read.
  std::map<Kind, Unread> unread;
  while (true) {
    auto events = (*cursor)->next();
    if (!events) return std::move(events).error();
    if (events->empty()) return unread;
    for (const RecordedEvent& event : *events) {
      const Kind kind{std::string(event.type), event.schema_version};
      auto known = kinds.find(kind);
      if (known == kinds.end()) known = kinds.emplace(kind, why_not(kind, types)).first;
      std::optional<std::string> problem = known->second;
      if (!problem) {
        const auto decoded =
            decode_event(*type_of(kind, types), event.schema_version, event.data, types.upcasters);
        if (!decoded) problem = decoded.error().message;
      }
      if (!problem) continue;
      Unread& those = unread[kind];
      if (those.events++ == 0) {
        those.first = event.position;
        those.problem = *std::move(problem);
      }
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
  auto unread = unread_events(**store, types);
  if (!unread) return std::move(unread).error();

  Table table(output, {{"what"}, {"version"}, {"events"}, {"first position"}, {"problem"}});
  std::size_t problems = 0;
  for (const auto& [kind, those] : *unread) {
    ++problems;
    if (format == Format::json) {
      output.line(JsonObject()
                      .text("event", kind.type)
                      .number("schema_version", kind.schema_version)
                      .number("events", those.events)
                      .number("first_position", those.first.value)
                      .text("problem", those.problem)
                      .finish());
    } else {
      table.row({"event " + kind.type, std::to_string(kind.schema_version),
                 std::to_string(those.events), std::to_string(those.first.value), those.problem});
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
