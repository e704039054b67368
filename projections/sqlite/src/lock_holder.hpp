#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace annals::sqlite_rows {

/// The process that holds the write lock of the database at `path`, as the kernel tells. Nothing:
/// nobody holds it now, or the kernel does not tell.
std::optional<std::int64_t> write_lock_holder(const std::string& path);

}  // namespace annals::sqlite_rows
