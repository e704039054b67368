/// @file
/// What `relay` can be told.

#pragma once

#include "request.hpp"

namespace CLI {
class App;
}

namespace annals::cli {

/// `sub` writes into `request` while it parses.
void add_relay_options(CLI::App& sub, RelayRequest& request);

}  // namespace annals::cli
