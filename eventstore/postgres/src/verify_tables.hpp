#pragma once

#include "log_reader.hpp"

namespace annals::internal {

/// Reads the range again and proves it: see EventStore::verify().
Result<VerifyReport> verify_tables(const LogReader& reader, const VerifyOptions& options);

}  // namespace annals::internal
