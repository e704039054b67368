/// @file
/// The program's command `import`.

#pragma once

#include <string>

#include "session.hpp"

namespace bank {

struct ImportRequest {
  std::string format = "hackclub";  ///< Or "berka".
  std::string file;                 ///< Empty: the books in samples/bank/data.
  bool acknowledge = false;         ///< Print the number of each row once it is durable.
};

/// Imports, says how it went, and, if there are answers beside the books, compares all balances
/// with them: any difference is exit_failed.
int import_file(const Session& session, ImportRequest request);

}  // namespace bank
