#pragma once

#include "request.hpp"

namespace CLI {
class App;
}

namespace annals::cli {

/// What `projections parked list`, `retry` and `skip` may be told, written into `request` while it
/// is parsed.
void add_parked_options(CLI::App& list, CLI::App& retry, CLI::App& skip,
                        ProjectionsRequest& request);

}  // namespace annals::cli
