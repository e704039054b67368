#pragma once

namespace annals::internal {

// SQL in which "@schema" stands for the schema's quoted name, and "@lock" for the two numbers of
// its advisory lock.

/// Version 1: the tables.
extern const char* const tables_sql;
/// Version 1: append(), which records a group of appends.
extern const char* const append_sql;
/// Version 1: what append() and reads look things up with.
extern const char* const lookup_sql;

}  // namespace annals::internal
