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

Result<std::vector<ParkedKey>> asked_for(const ReadModelStore& rows, std::string_view projection,
                                         const ProjectionsRequest& request) {
  auto keys = keys_of(rows, projection);
  if (!keys) return keys;
  std::erase_if(*keys, [&](const ParkedKey& key) {
    return (!request.key.empty() && key.row.key != request.key) ||
           (!request.table.empty() && key.row.table != request.table);
  });
  return keys;
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

std::string json_line(const ParkedKey& key) {
  return JsonObject()
      .text("projection", key.projection)
      .text("table", key.row.table)
      .text("key", key.row.key)
      .number("events", key.events)
      .number("first_position", key.first_position.value)
      .number("tries", key.tries)
      .text("since", to_string(key.since))
      .text("wish", to_string(key.wish))
      .text("failure", key.failure)
      .finish();
}

// What is still parked of what was asked for. Returns whether anything is.
Result<bool> tell_what_is_left(const ReadModelStore& rows, std::string_view projection,
                               const ProjectionsRequest& request, Format format, Output& output) {
  auto keys = asked_for(rows, projection, request);
  if (!keys) return std::move(keys).error();
  if (format == Format::json) {
    for (const ParkedKey& key : *keys) output.line(json_line(key));
    return !keys->empty();
  }
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
      if (format == Format::json) {
        output.line(json_line(key));
      } else {
        table.row({key.projection, key.row.table, key.row.key, std::to_string(key.events),
                   std::to_string(key.first_position.value), std::to_string(key.tries),
                   to_string(key.since), std::string(to_string(key.wish)), key.failure});
      }
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

Result<int> change_parked(const std::string& folder, ReadModelStore& rows,
                          const ProjectionsRequest& request,
                          const std::vector<std::string>& projections, const ProgramTypes& types,
                          Format format, Output& output) {
  const bool skips = request.action == Action::parked_skip;
  const ParkedWish wish = !skips        ? ParkedWish::retry
                          : request.all ? ParkedWish::skip_all
                                        : ParkedWish::skip;
  std::uint64_t wished = 0;
  bool some_left = false;
  // `later`: it is left to whoever projects, because of `reason`; else it is done.
  const auto tell = [&](const std::string& projection, std::size_t keys, bool later,
                        const std::string& reason) {
    if (format == Format::json) {
      JsonObject line;
      line.text("projection", projection).text("wish", to_string(wish)).number("keys", keys);
      line.flag("done", !later);
      if (!reason.empty()) line.text("reason", reason);
      output.line(line.finish());
    } else if (later) {
      output.line(projection + ": " + grouped(keys) + (keys == 1 ? " key" : " keys") + " to be " +
                  (skips ? "skipped" : "retried") + " by whoever projects" +
                  (reason.empty() ? ", within a second or when a program does" : ": " + reason));
    }
  };
  // What is wished already is done first, if that can be done here.
  const auto settle = [&](const ProjectionType& type) -> Result<void> {
    auto store = open_store(folder);
    if (!store) return std::move(store).error();
    return settle_parked(**store, rows, type, types.upcasters);
  };
  const auto is_skipped = [&](const ParkedKey& key) {
    return wish == ParkedWish::skip && key.wish == ParkedWish::skip;
  };
  for (const std::string& projection : projections) {
    const auto type = std::find_if(types.projections.begin(), types.projections.end(),
                                   [&](const auto* known) { return known->name == projection; });
    const bool known = type != types.projections.end();
    auto keys = asked_for(rows, projection, request);
    if (keys && known && std::any_of(keys->begin(), keys->end(), is_skipped)) {
      static_cast<void>(settle(**type));  // If it cannot, the key says so below.
      keys = asked_for(rows, projection, request);
    }
    if (!keys) return std::move(keys).error();
    if (keys->empty()) continue;
    for (const ParkedKey& key : *keys) {
      // Two wishes of one kind are one wish: the second event would not be left out.
      if (is_skipped(key)) {
        return Error{.code = ErrorCode::unavailable,
                     .message = "the first event of key '" + key.row.key +
                                "' is to be skipped already, and nobody has done it yet: try "
                                "again when it is done, or skip --all"};
      }
      // It may have been freed a moment ago.
      auto noted = rows.wish_parked(projection, key.row, wish);
      if (!noted && noted.error().code != ErrorCode::invalid_argument) {
        return std::move(noted).error();
      }
      ++wished;
    }
    if (!known) {
      tell(projection, keys->size(), true, {});
      continue;
    }
    auto settled = settle(**type);
    if (!settled && settled.error().code == ErrorCode::unavailable) {
      tell(projection, keys->size(), true, settled.error().message);
      continue;
    }
    if (!settled) return std::move(settled).error();
    tell(projection, keys->size(), false, {});
    auto left = tell_what_is_left(rows, projection, request, format, output);
    if (!left) return std::move(left).error();
    some_left = some_left || *left;
  }
  if (wished == 0 && !request.key.empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "nothing is parked for key '" + request.key + "'" +
                            (request.table.empty() ? "" : " of table " + request.table) + " in " +
                            rows.name() + ": 'projections parked list' shows what is"};
  }
  if (wished == 0 && format == Format::table) output.line("nothing is parked");
  return some_left ? exit_failed : exit_ok;
}

}  // namespace annals::cli
