/// @file
/// The program `annals` as a function, with folds given by hand. main.hpp makes them from types.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/projections/projection.hpp>

namespace annals::cli {

/// An aggregate's state, as `state` prints it.
struct ShownState {
  std::optional<StreamVersion> version;  ///< Of the last event folded in; none: no events.
  Cut cut;                               ///< Where history was cut for it.
  std::string json;                      ///< The state as one JSON object.
  /// The same field by field: names and JSON values, in the order of the field list.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// How `state` folds the aggregates of one category.
struct StateFold {
  std::string category;
  /// Folds the aggregate with this id (its stream's name without category and '-').
  std::function<Result<ShownState>(EventStore& store, std::string_view id, AsOf as_of)> show;
};

/// What a program knows beyond the store: its own folds.
struct ProgramTypes {
  std::vector<StateFold> folds = {};
  std::vector<const ProjectionType*> projections = {};
  std::vector<const EventType*> events = {};  ///< Of both; for `check`.
  Upcasters upcasters = {};
};

/// Runs one command line with all commands and returns the exit code. Without `types` the commands
/// `state`, `diff`, `check` and `projections rebuild` explain what they need. Prints to standard
/// output and standard error; ignores SIGPIPE, and takes SIGINT and SIGTERM while `tail` or a
/// rebuild runs. Exit codes: docs/how-to/command_line.md.
int run(int argc, char** argv, ProgramTypes types);

}  // namespace annals::cli
