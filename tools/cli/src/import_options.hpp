/// @file
/// What `import` can be told.

#pragma once

#include "request.hpp"

namespace CLI {
class App;
}

namespace annals::cli {

/// `sub` writes into `request` while it parses.
void add_import_options(CLI::App& sub, ImportRequest& request);

/// Refuses what makes no sense together. For use when all has been parsed.
void check_import_options(ImportRequest& request);

}  // namespace annals::cli
