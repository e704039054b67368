#include <algorithm>
#include <cstdio>
#include <utility>

#include <annals/eventstore/time.hpp>
#include <annals/projections/rebuild.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "read_model_place.hpp"
#include "stop_signal.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

using Action = ProjectionsRequest::Action;

std::string_view state_of(const CheckpointRecord& record) {
  if (!record.failure.empty()) return "halted";
  if (record.paused) return "paused";
  const bool held = record.holder && record.leased;
  return held && may_be_alive(*record.holder) ? "held" : "at rest";
}

/// The partitions of a projection.
using Partitions = std::vector<CheckpointRecord>;

Result<std::vector<Partitions>> chosen(const ReadModelStore& rows,
                                       const std::vector<std::string>& names) {
  auto records = rows.records();
  if (!records) return std::move(records).error();
  std::vector<Partitions> all;
  for (CheckpointRecord& record : *records) {
    if (all.empty() || all.back().front().projection != record.projection) all.emplace_back();
    all.back().push_back(std::move(record));
  }
  if (names.empty()) return all;
  std::vector<Partitions> result;
  for (const std::string& name : names) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Partitions& partitions) {
      return partitions.front().projection == name;
    });
    if (found == all.end()) {
      std::string known;
      for (const Partitions& partitions : all) {
        known += (known.empty() ? "" : ", ") + partitions.front().projection;
      }
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "there is no projection '" + name + "' in " + rows.name() +
                              ", which has " + (known.empty() ? "none" : known)};
    }
    result.push_back(*found);
  }
  return result;
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

// Of one that is split: its partitions' holders, each once.
std::string holders_of(const Partitions& partitions) {
  std::vector<std::string> holders;
  for (const CheckpointRecord& record : partitions) {
    const std::string holder = record.holder ? to_string(*record.holder) : "";
    if (holder.empty() || std::find(holders.begin(), holders.end(), holder) != holders.end()) {
      continue;
    }
    holders.push_back(holder);
  }
  return joined(holders, ", ");
}

// "held" only if all of them are.
std::string_view state_of(const Partitions& partitions) {
  std::string_view state = "held";
  for (const CheckpointRecord& record : partitions) {
    const std::string_view its = state_of(record);
    if (its == "halted") return its;
    if (its != "held") state = its;
  }
  return state;
}

// Read models that have seen another store's history are shown all the same, but not without a
// word.
void warn_of_another_store(const std::string& folder, const ReadModelStore& rows,
                           const std::vector<Partitions>& projections) {
  const auto store = open_store(folder);
  if (!store) return;  // Too damaged to tell; the read models are not.
  const StoreId id = (*store)->token().store;
  for (const Partitions& partitions : projections) {
    const CheckpointRecord record = *whole_of(partitions);
    if (!record.checkpoint || record.checkpoint->token.store == id) continue;
    const std::string line = "projection " + record.projection + " in " + rows.name() +
                             " belongs to store " + to_string(record.checkpoint->token.store) +
                             ", and " + shown_address(folder) + " is store " + to_string(id);
    std::fputs((printable(line) + '\n').c_str(), stderr);
  }
}

Result<int> list(const std::string& folder, const ReadModelStore& rows,
                 const ProjectionsRequest& request, Format format, Output& output) {
  auto projections = chosen(rows, request.names);
  if (!projections) return std::move(projections).error();
  warn_of_another_store(folder, rows, *projections);
  Table table(output, {{"projection"},
                       {"partition"},
                       {"version", Table::Align::right},
                       {"position", Table::Align::right},
                       {"state"},
                       {"holder"},
                       {"updated at"},
                       {"tables"},
                       {"parked", Table::Align::right},
                       {"failure"}});
  // The whole, then each of its partitions if there are several.
  const auto show = [&](const CheckpointRecord& record, bool whole, std::string_view state,
                        const std::string& holder) {
    const Partition partition = record.partition;
    if (format == Format::json) {
      JsonObject line;
      line.text("projection", record.projection);
      if (!whole) line.number("partition", partition.index);
      if (whole) line.number("parked_keys", record.parked_keys);
      output.line(
          line.number("partitions", partition.count)
              .number("version", record.version)
              .number("position", record.position().value)
              .number("epoch", record.epoch)
              .text("state", state)
              .text("holder", holder)
              .text("updated_at", to_string(record.updated_at))
              .text("tables", joined(record.tables, " "))
              .text("store", record.checkpoint ? to_string(record.checkpoint->token.store) : "")
              .text("failure", record.failure)
              .finish());
    } else {
      std::string of = partition.count > 1 ? std::to_string(partition.count) + " in all" : "";
      if (!whole) of = std::to_string(partition.index);
      table.row({record.projection, of, std::to_string(record.version),
                 std::to_string(record.position().value), std::string(state), holder,
                 to_string(record.updated_at), whole ? joined(record.tables, " ") : "",
                 whole ? std::to_string(record.parked_keys) : "", record.failure});
    }
  };
  for (const Partitions& partitions : *projections) {
    show(*whole_of(partitions), true, state_of(partitions), holders_of(partitions));
    if (partitions.size() == 1) continue;
    for (const CheckpointRecord& record : partitions) {
      show(record, false, state_of(record), record.holder ? to_string(*record.holder) : "");
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

Result<int> show_lag(const EventStore& store, const ReadModelStore& rows,
                     const ProjectionsRequest& request, Format format, Output& output) {
  auto projections = chosen(rows, request.names);
  if (!projections) return std::move(projections).error();
  Table table(output, {{"projection"},
                       {"position", Table::Align::right},
                       {"head", Table::Align::right},
                       {"events behind", Table::Align::right},
                       {"seconds behind", Table::Align::right},
                       {"state"}});
  const GlobalPosition head = store.head().position;
  for (const Partitions& partitions : *projections) {
    for (const CheckpointRecord& record : partitions) {
      if (!record.checkpoint) continue;
      auto resumed = store.resume(*record.checkpoint);
      if (!resumed) {
        Error error = std::move(resumed).error();
        error.message = "projection " + record.projection + " in " + rows.name() +
                        " has seen another history than this store: " + error.message;
        return error;
      }
    }
    const CheckpointRecord record = *whole_of(partitions);
    const std::uint64_t position = record.position().value;
    const std::uint64_t behind = head.value > position ? head.value - position : 0;
    auto lag = lag_after(store, record.position(), system_clock()->now());
    if (!lag) return std::move(lag).error();
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(*lag).count());
    if (format == Format::json) {
      output.line(JsonObject()
                      .text("projection", record.projection)
                      .number("position", position)
                      .number("head", head.value)
                      .number("events_behind", behind)
                      .value("seconds_behind", text)
                      .text("state", state_of(partitions))
                      .finish());
    } else {
      table.row({record.projection, std::to_string(position), std::to_string(head.value),
                 std::to_string(behind), text, std::string(state_of(partitions))});
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

Result<int> set_paused(ReadModelStore& rows, const ProjectionsRequest& request, Format format,
                       Output& output) {
  auto projections = chosen(rows, request.names);
  if (!projections) return std::move(projections).error();
  const bool pause = request.action == Action::pause;
  for (const Partitions& partitions : *projections) {
    const CheckpointRecord record = *whole_of(partitions);
    if (auto set = rows.set_paused(record.projection, pause); !set) return std::move(set).error();
    if (!pause && !record.failure.empty()) {
      auto cleared = rows.clear_failure(record.projection);
      if (!cleared) return std::move(cleared).error();
    }
    if (format == Format::json) {
      output.line(
          JsonObject().text("projection", record.projection).flag("paused", pause).finish());
    } else {
      output.line(record.projection + (pause ? " is paused" : " goes on"));
    }
  }
  return exit_ok;
}

std::string rebuilt_line(std::string_view projection, const RebuildProgress& done, Format format) {
  const auto rate = static_cast<std::uint64_t>(done.events_per_second);
  if (format == Format::json) {
    return JsonObject()
        .text("projection", projection)
        .number("position", done.position.value)
        .number("events", done.events)
        .number("events_per_second", rate)
        .flag("resumed", done.resumed)
        .number("parked_keys", done.parked_keys)
        .finish();
  }
  return std::string(projection) + " is rebuilt up to position " + grouped(done.position.value) +
         ": " + grouped(done.events) + " events, " + grouped(rate) + " a second" +
         (done.resumed ? ", going on from an interrupted rebuild" : "") +
         (done.parked_keys == 0 ? "" : "; " + grouped(done.parked_keys) + " keys parked");
}

Result<int> rebuild_all(const EventStore& store, ReadModelStore& rows,
                        const ProjectionsRequest& request, const ProgramTypes& types, Format format,
                        Output& output) {
  std::vector<const ProjectionType*> wanted;
  for (const std::string& name : request.names) {
    const auto found =
        std::find_if(types.projections.begin(), types.projections.end(),
                     [&](const auto* projection) { return projection->name == name; });
    if (found == types.projections.end()) {
      std::string known;
      for (const auto* projection : types.projections) {
        known.append(known.empty() ? "" : ", ").append(projection->name);
      }
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "this program has no projection '" + name + "'; it has " + known};
    }
    wanted.push_back(*found);
  }
  if (request.names.empty()) wanted = types.projections;
  const StopSignal stop;
  for (const ProjectionType* projection : wanted) {
    Progress progress("projected", request.progress);
    RebuildOptions options;
    options.upcasters = types.upcasters;
    options.from_scratch = request.from_scratch;
    options.partitions = request.partitions;
    options.split_by = parse_split_by(request.split_by);
    options.progress = [&](const RebuildProgress& now) {
      progress.show(now.position.value, now.head.value);
      return !stop.raised();
    };
    auto done = rebuild(store, rows, *projection, options);
    if (!done) return std::move(done).error();
    output.line(rebuilt_line(projection->name, *done, format));
  }
  return exit_ok;
}

}  // namespace

Result<int> manage_projections(std::string_view program, const std::string& folder,
                               const ProjectionsRequest& request, const ProgramTypes& types,
                               Format format, Output& output) {
  const bool only_reads = request.action == Action::list || request.action == Action::lag ||
                          request.action == Action::parked_list;
  const auto access = request.create ? ReadModelAccess::make
                      : only_reads   ? ReadModelAccess::read
                                     : ReadModelAccess::change;
  if (request.action == Action::rebuild && types.projections.empty()) {
    return without_types(program, "projections rebuild");
  }
  if (request.create || is_missing_file(request.read_models)) {
    // A wrong folder is the likelier mistake, and no place to make a database in.
    if (auto store = open_store(folder); !store) return std::move(store).error();
    if (!request.create) {
      return Error{.code = ErrorCode::unavailable,
                   .message = request.read_models +
                              ": there is no such file; a program that projects makes it, and '" +
                              std::string(program) + " projections rebuild --create' does"};
    }
  }
  auto rows = open_read_models(request.read_models, access);
  if (!rows) return std::move(rows).error();
  switch (request.action) {
    case Action::list: return list(folder, **rows, request, format, output);
    case Action::pause:
    case Action::resume: return set_paused(**rows, request, format, output);
    case Action::lag:
    case Action::rebuild: break;
    case Action::parked_list:
    case Action::parked_retry:
    case Action::parked_skip: {
      auto projections = chosen(**rows, request.names);
      if (!projections) return std::move(projections).error();
      std::vector<std::string> names;
      for (const Partitions& partitions : *projections) {
        names.push_back(partitions.front().projection);
      }
      return only_reads ? list_parked(**rows, request, names, format, output)
                        : change_parked(folder, **rows, request, names, types, format, output);
    }
  }
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  if (request.action == Action::lag) return show_lag(**store, **rows, request, format, output);
  return rebuild_all(**store, **rows, request, types, format, output);
}

}  // namespace annals::cli
