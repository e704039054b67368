#pragma once

#include <string>
#include <string_view>

#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// A schema's name and what goes by it.
struct SchemaName {
  std::string plain;
  std::string quoted;
  std::string lock;            // The two numbers of the advisory lock that orders appends, as SQL.
  std::string migration_lock;  // Of the one that lets one process at a time change the schema.
  std::string channel;         // On which appends are announced.

  /// Errors: invalid_argument.
  static Result<SchemaName> of(const std::string& name);

  /// `sql` with "@schema" and "@lock" replaced.
  std::string in(std::string_view sql) const;
};

}  // namespace annals::internal
