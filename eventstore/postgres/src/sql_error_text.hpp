#pragma once

#include <string>

#include <annals/postgres/sql_result.hpp>

namespace annals::internal {

/// As postgres::to_error, with what to do about it where that is known.
Error store_error(const postgres::SqlError& error, const std::string& doing, bool nothing_written);

}  // namespace annals::internal
