#pragma once

namespace annals::internal {

// SQL in which "@schema" stands for the schema's quoted name, and "@lock" for the two numbers of
// its advisory lock.

/// The tables, as they are since version 1.
extern const char* const tables_sql;
/// append(), which records a group of appends, as it is since version 2; replaces an older one.
extern const char* const append_sql;
/// What append() and reads look things up with, as it is since version 1.
extern const char* const lookup_sql;

}  // namespace annals::internal
