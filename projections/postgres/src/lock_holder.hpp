#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <annals/postgres/connection.hpp>

namespace annals::internal {

/// The session whose open transaction has locked a projection's checkpoint row: a projector in the
/// middle of a commit.
struct LockHolder {
  int backend = 0;
  std::string who;  ///< "backend 4711 (annals, 10.0.0.7)"
};

/// Nothing if nobody has locked it, or that cannot be told.
std::optional<LockHolder> lock_holder(postgres::Connection& connection, std::string_view schema,
                                      std::string_view projection);

/// Ends the session that holds it, if it still does. Errors: permission_denied (another role's).
postgres::SqlDone end_lock_holder(postgres::Connection& connection, std::string_view schema,
                                  std::string_view projection);

}  // namespace annals::internal
