// `projections parked`: events that could not be folded, looked after from outside.

#include <algorithm>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

using Action = ProjectionsRequest::Action;

Result<std::vector<ParkedKey>> keys_of(const ReadModelStore& rows, std::string_view projection) {
  auto transaction = rows.read();
  if (!transaction) return std::move(transaction).error();
  return parked_keys(**transaction, projection);
}

bool is_asked_for(const ParkedKey& key, const ProjectionsRequest& request) {
  return (request.key.empty() || key.row.key == request.key) &&
         (request.table.empty() || key.row.table == request.table);
}

Result<int> list_skipped(const ReadModelStore& rows, const std::vector<std::string>& projections,
                         Format format, Output& output) {
  Table table(output, {{"projection"},
                       {"table"},
                       {"key"},
                       {"position", Table::Align::right},
                       {"skipped at"},
                       {"failure"}});
  auto transaction = rows.read();
  if (!transaction) return std::move(transaction).error();
  for (const std::string& projection : projections) {
    auto events = skipped_events(**transaction, projection);
    if (!events) return std::move(events).error();
    for (const ParkedEvent& event : *events) {
      if (format == Format::json) {
        output.line(JsonObject()
                        .text("projection", projection)
                        .text("table", event.row.table)
                        .text("key", event.row.key)
                        .number("position", event.position.value)
                        .text("skipped_at", to_string(event.skipped_at))
                        .text("failure", event.failure)
                        .finish());
      } else {
        table.row({projection, event.row.table, event.row.key, std::to_string(event.position.value),
                   to_string(event.skipped_at), event.failure});
      }
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

// What is still parked of what was asked for. Returns whether anything is.
Result<bool> tell_what_is_left(const ReadModelStore& rows, std::string_view projection,
                               const ProjectionsRequest& request, Output& output) {
  auto keys = keys_of(rows, projection);
  if (!keys) return std::move(keys).error();
  std::erase_if(*keys, [&](const ParkedKey& key) { return !is_asked_for(key, request); });
  for (const ParkedKey& key : *keys) {
    output.line(std::string(projection) + ": " + key.row.key + " of table " + key.row.table +
                " stays parked from position " + std::to_string(key.first_position.value) +
                " on: " + key.failure);
  }
  if (keys->empty()) output.line(std::string(projection) + ": nothing of it is parked any more");
  return !keys->empty();
}

}  // namespace

Result<int> list_parked(const ReadModelStore& rows, const ProjectionsRequest& request,
                        const std::vector<std::string>& projections, Format format,
                        Output& output) {
  if (request.skipped) return list_skipped(rows, projections, format, output);
  Table table(output, {{"projection"},
                       {"table"},
                       {"key"},
                       {"events", Table::Align::right},
                       {"first position", Table::Align::right},
                       {"tries", Table::Align::right},
                       {"since"},
                       {"wish"},
                       {"failure"}});
  for (const std::string& projection : projections) {
    auto keys = keys_of(rows, projection);
    if (!keys) return std::move(keys).error();
    for (const ParkedKey& key : *keys) {
      const std::string wish(to_string(key.wish));
      if (format == Format::json) {
        output.line(JsonObject()
                        .text("projection", key.projection)
                        .text("table", key.row.table)
                        .text("key", key.row.key)
                        .number("events", key.events)
                        .number("first_position", key.first_position.value)
                        .number("tries", key.tries)
                        .text("since", to_string(key.since))
                        .text("wish", wish)
                        .text("failure", key.failure)
                        .finish());
      } else {
        table.row({key.projection, key.row.table, key.row.key, std::to_string(key.events),
                   std::to_string(key.first_position.value), std::to_string(key.tries),
                   to_string(key.since), wish, key.failure});
      }
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

Result<int> change_parked(const std::string& folder, ReadModelStore& rows,
                          const ProjectionsRequest& request,
                          const std::vector<std::string>& projections, const ProgramTypes& types,
                          Output& output) {
  const bool skips = request.action == Action::parked_skip;
  const ParkedWish wish = !skips        ? ParkedWish::retry
                          : request.all ? ParkedWish::skip_all
                                        : ParkedWish::skip;
  std::uint64_t wished = 0;
  bool some_left = false;
  for (const std::string& projection : projections) {
    auto keys = keys_of(rows, projection);
    if (!keys) return std::move(keys).error();
    std::erase_if(*keys, [&](const ParkedKey& key) { return !is_asked_for(key, request); });
    if (keys->empty()) continue;
    for (const ParkedKey& key : *keys) {
      // It may have been freed a moment ago.
      auto noted = rows.wish_parked(projection, key.row, wish);
      if (!noted && noted.error().code != ErrorCode::invalid_argument) {
        return std::move(noted).error();
      }
      ++wished;
    }
    const auto type = std::find_if(types.projections.begin(), types.projections.end(),
                                   [&](const auto* known) { return known->name == projection; });
    const std::string number = grouped(keys->size()) + (keys->size() == 1 ? " key" : " keys");
    if (type == types.projections.end()) {
      output.line(projection + ": " + number + " to be " + (skips ? "skipped" : "retried") +
                  " by whoever projects, within a second or when a program does");
      continue;
    }
    auto store = open_store(folder);
    if (!store) return std::move(store).error();
    auto settled = settle_parked(**store, rows, **type, types.upcasters);
    if (!settled && settled.error().code == ErrorCode::unavailable) {
      output.line(projection + ": " + number + " to be " + (skips ? "skipped" : "retried") +
                  " by whoever projects: " + settled.error().message);
      continue;
    }
    if (!settled) return std::move(settled).error();
    auto left = tell_what_is_left(rows, projection, request, output);
    if (!left) return std::move(left).error();
    some_left = some_left || *left;
  }
  if (wished == 0 && !request.key.empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "nothing is parked for key '" + request.key + "'" +
                            (request.table.empty() ? "" : " of table " + request.table) + " in " +
                            rows.name() + ": 'projections parked list' shows what is"};
  }
  if (wished == 0) output.line("nothing is parked");
  return some_left ? exit_failed : exit_ok;
}

}  // namespace annals::cli
