#pragma once

#include <optional>
#include <string>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection.hpp>

#include "schema_name.hpp"

namespace annals::internal {

/// What this library reads and writes; an older one is brought up to it.
constexpr int schema_version = 2;

/// What stands in a schema.
struct FoundSchema {
  int version = 0;  // 0: none.
  StoreIdentity identity;
};

/// Errors: unavailable, corrupt.
Result<FoundSchema> look_at_schema(postgres::Connection& connection, const SchemaName& name);

/// Makes the schema or brings it up to date: see migrate_postgres_event_store().
Result<PostgresMigration> migrate_schema(postgres::Connection& connection, const SchemaName& name,
                                         const std::optional<StoreIdentity>& identity);

}  // namespace annals::internal
