#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/postgres/connection.hpp>

namespace annals::internal {

/// The session whose open transaction has locked a partition's checkpoint row: a projector in the
/// middle of a commit.
struct LockHolder {
  int backend = 0;
  std::uint32_t partition = 0;
  std::string who;  ///< "backend 4711 (annals, 10.0.0.7)"
};

/// Of one partition of a projection, or of all. None if nobody has locked them, or that cannot be
/// told.
std::vector<LockHolder> lock_holders(postgres::Connection& connection, std::string_view schema,
                                     std::string_view projection,
                                     std::optional<std::uint32_t> partition);

/// Ends the session that holds a partition, if it still does. Errors: permission_denied (another
/// role's).
postgres::SqlDone end_lock_holder(postgres::Connection& connection, std::string_view schema,
                                  std::string_view projection, std::uint32_t partition);

}  // namespace annals::internal
