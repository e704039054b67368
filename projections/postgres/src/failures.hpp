#pragma once

#include <string>
#include <string_view>

#include <annals/eventstore/error.hpp>
#include <annals/postgres/sql_result.hpp>

namespace annals::internal {

/// A failure of our own statements, as callers of a read-model store see it: unavailable whenever
/// to try again may help, timeout if somebody's lock was waited for in vain (which the caller makes
/// `unavailable` once it knows whose), invalid_argument for values that no column can hold,
/// unsupported. `doing` begins the message.
Error failed(const postgres::SqlError& error, std::string_view doing);

/// Where it does not matter whose lock it was: a timeout is one more way to be unavailable.
Error no_timeout(Error error);

/// What is to be kept of a failure, as a text column takes it: whole characters, and no NUL.
std::string storable_failure(std::string_view failure);

/// A failure of SQL that users wrote: invalid_argument unless it is the server's.
Error users_failed(const postgres::SqlError& error, std::string_view sql);

}  // namespace annals::internal
