#pragma once

#include <memory>
#include <string>

#include <annals/postgres/connection_pool.hpp>
#include <annals/postgres/transaction.hpp>
#include <annals/projections/postgres_read_model_store.hpp>

#include "checkpoint_table.hpp"
#include "parked_table.hpp"

namespace annals::internal {

/// One process's sessions with the server, and the schema that the read model lies in. Thread-safe.
class Database {
 public:
  using Lent = postgres::ConnectionPool::Lent;

  /// Makes the schema if that is asked for. Errors: as open_postgres_read_models.
  static Result<std::unique_ptr<Database>> open(PostgresReadModelOptions options);

  /// Readers cannot keep writers from a connection. Errors: unavailable (read-only, for writer()).
  Result<Lent> reader() const;
  Result<Lent> writer() const;
  /// A connection to keep, for notifications; what it commits waits for no disk.
  postgres::SqlResult<std::unique_ptr<postgres::Connection>> open_for_news() const;
  /// To find out what became of a commit, once the connection is lost.
  postgres::SqlResult<std::unique_ptr<postgres::Connection>> open_another() const;

  const std::string& schema() const noexcept { return options_.schema; }
  const PostgresReadModelOptions& options() const noexcept { return options_; }
  const CheckpointTable& checkpoints() const noexcept { return checkpoints_; }
  const ParkedTable& parked() const noexcept { return parked_; }
  /// "PostgreSQL postgres://ada@host/bank, schema read_models"
  std::string name() const;
  /// Of notifications about this schema.
  std::string channel() const { return "annals_" + options_.schema; }

 private:
  explicit Database(PostgresReadModelOptions options);
  Result<void> prepare_schema(postgres::Connection& connection) const;
  Result<void> make_schema(postgres::Connection& connection) const;
  /// From format 1. Errors: unsupported (read-only).
  Result<void> upgrade_schema(postgres::Connection& connection, std::int64_t found) const;

  const PostgresReadModelOptions options_;
  const postgres::ConnectionOptions connecting_;
  const CheckpointTable checkpoints_;
  const ParkedTable parked_;
  mutable postgres::ConnectionPool readers_;
  mutable postgres::ConnectionPool writers_;
};

}  // namespace annals::internal
