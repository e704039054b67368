/// @file
/// What `projections rebuild` and `projections parked` can be told.

#pragma once

#include <functional>
#include <string>

#include "request.hpp"

namespace CLI {
class App;
}

namespace annals::cli {

/// `rebuild` writes into `request` while it parses.
void add_rebuild_options(CLI::App& rebuild, ProjectionsRequest& request);

/// Makes a command of projections below another one.
using AddProjectionsCommand =
    std::function<CLI::App*(CLI::App* parent, const std::string& name, const std::string& what,
                            ProjectionsRequest::Action action)>;

/// `projections parked` with its own commands, which write into `request` while they parse.
void add_parked_commands(CLI::App& projections, const AddProjectionsCommand& add,
                         ProjectionsRequest& request);

}  // namespace annals::cli
