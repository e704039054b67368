/// @file
/// The program `annals` as a function, with folds given by hand. main.hpp makes them from types.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/event_store.hpp>

namespace annals::cli {

/// An aggregate's state, as `state` prints it.
struct ShownState {
  std::optional<StreamVersion> version;  ///< Of the last event folded in; none: no events.
  Cut cut;                               ///< Where history was cut for it.
  std::string json;                      ///< The state as one JSON object.
};

/// How `state` folds the aggregates of one category.
struct StateFold {
  std::string category;
  /// Folds the aggregate with this id (its stream's name without category and '-').
  std::function<Result<ShownState>(EventStore& store, std::string_view id, AsOf as_of)> show;
};

/// Runs one command line with all commands and returns the exit code. Without `folds` the command
/// `state` explains what it needs. Prints to standard output and standard error; ignores SIGPIPE,
/// and takes SIGINT and SIGTERM while `tail` runs. Exit codes: docs/how-to/command_line.md.
int run(int argc, char** argv, std::vector<StateFold> folds);

}  // namespace annals::cli
