/// @file
/// Read models in a PostgreSQL database.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <annals/eventstore/result.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals {

struct PostgresReadModelOptions {
  /// "postgres://user:secret@host:5432/database", or whatever libpq understands; see the room
  /// `postgres` for TLS and password files.
  std::string url = {};
  /// Where the tables lie: 1 to 30 of a-z, 0-9 and _, beginning with a letter, and not with pg_.
  /// Several read-model stores in one database have a schema each. A rebuild has
  /// `<schema>_rebuild_…` beside it.
  std::string schema = "read_models";
  enum class Access : std::uint8_t {
    create,      ///< Makes the schema if it is missing, which needs CREATE on the database.
    must_exist,  ///< unavailable if it is missing.
    read_only,   ///< As must_exist; what writes is refused. SELECT on the tables is enough.
  };
  Access access = Access::create;
  /// How long a statement waits for somebody else's lock, before `unavailable` says by whom it is
  /// blocked. A swap tries again several times.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds(1);
  /// Of every statement. 0: none.
  std::chrono::milliseconds statement_timeout = std::chrono::seconds(30);
  /// How long a call waits for a server that does not answer, or for a connection to become free.
  std::chrono::milliseconds patience = std::chrono::seconds(5);
  /// At most so many connections for readers, and as many for writers; two more for waiting. Each
  /// ReadTransaction has one as long as it lives. At least 1.
  std::size_t connections_max = 16;
};

/// Opens a database's read models. Any number of processes on any number of machines may have them
/// open. The tables can be read with any SQL client; nobody else should write to them. A schema
/// that an older annals has made is brought to the present format.
///
/// Errors: unavailable (no server, no such schema, a missing right: which one is in the message),
/// invalid_argument (a URL or schema name that cannot be), unsupported (made by a newer annals;
/// by an older one, for read_only; a server before version 13).
Result<std::unique_ptr<ReadModelStore>> open_postgres_read_models(PostgresReadModelOptions options);

}  // namespace annals
