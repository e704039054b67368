#include "postgres_read_model_store.hpp"

#include <exception>
#include <utility>

#include "lock_holder.hpp"
#include "row_arrays.hpp"
#include "table_sql.hpp"
#include "user_sql.hpp"

namespace annals::internal {

namespace {

using Lock = CheckpointTable::Lock;

Error taken_over(const Claim& claim, const CheckpointRecord* now) {
  std::string message =
      "projection " + claim.projection + ": epoch " + std::to_string(claim.epoch) + " has ended";
  if (now == nullptr) {
    message += ", the projection is gone";
  } else {
    message += ", it is epoch " + std::to_string(now->epoch) + " now";
    if (now->holder) message += ", held by " + to_string(*now->holder);
  }
  return {.code = ErrorCode::wrong_expected_version, .message = std::move(message)};
}

bool holds(const Claim& claim, const CheckpointRecord& record) {
  return record.epoch == claim.epoch && record.holder == claim.holder;
}

std::string place_of(const std::optional<Checkpoint>& checkpoint) {
  return checkpoint ? to_string(checkpoint->token) : "the beginning";
}

Error moved_on(const ProjectedBatch& batch, const CheckpointRecord& now) {
  return {.code = ErrorCode::wrong_expected_version,
          .message = "projection " + batch.claim.projection + ": the batch begins at " +
                     place_of(batch.before) + ", the read model stands at " +
                     place_of(now.checkpoint)};
}

Error unknown_projection(std::string_view projection) {
  return {.code = ErrorCode::invalid_argument,
          .message = "there is no projection '" + std::string(projection) + "' in this read model"};
}

// Whoever holds the lease is not to be disturbed by `holder`.
bool is_respected(const CheckpointTable::Found& found, const Holder& holder) {
  return found.record.holder && *found.record.holder != holder && found.leased &&
         may_be_alive(*found.record.holder);
}

Error held(const CheckpointRecord& record) {
  return {.code = ErrorCode::unavailable,
          .message = "projection " + record.projection + " is held by " +
                     to_string(*record.holder) + " until " + to_string(record.lease_until)};
}

Result<void> write_bulk(postgres::Transaction& transaction, const TableType& table,
                        const std::vector<const void*>& rows, const std::string& sql,
                        std::size_t columns) {
  RowArrays arrays(table, columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (auto added = arrays.add(rows[i]); !added) return added;
    if (!arrays.full() && i + 1 < rows.size()) continue;
    if (auto done = transaction.run_prepared(sql, arrays.parameters()); !done) {
      Error error = failed(done.error(), "table " + std::string(table.name));
      // We have the checkpoint's lock, so no swap is under way: somebody else has dropped it.
      if (done.error().failure == postgres::Failure::undefined_table) {
        error.place = Error::Place{std::string(table.name), 0};
        error.code = ErrorCode::corrupt;
      }
      return error;
    }
    arrays.clear();
  }
  return {};
}

/// What a user's function threw must not get past the room's door.
Result<void> run_user_sql(const std::function<Result<void>(Sql&)>& function, Sql& sql) {
  std::string what;
  try {
    return function(sql);
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "an exception that is not a std::exception";
  }
  return Error{.code = ErrorCode::corrupt, .message = "hand-written SQL threw: " + what};
}

class PostgresReadTransaction final : public ReadTransaction {
 public:
  PostgresReadTransaction(Database::Lent connection,
                          std::unique_ptr<postgres::Transaction> transaction,
                          const Database& database)
      : connection_(std::move(connection)),
        transaction_(std::move(transaction)),
        database_(database),
        sql_(*transaction_, UserSql::Rights::read) {}

  Result<std::optional<CheckpointRecord>> record(std::string_view projection) override {
    auto found = database_.checkpoints().find(*transaction_, projection);
    if (!found) return std::move(found).error();
    if (!*found) return std::optional<CheckpointRecord>();
    return std::optional<CheckpointRecord>(std::move((*found)->record));
  }
  Result<void> rows(const TableType& table, std::string_view tail, std::span<const Cell> arguments,
                    const CellsVisitor& visit) override {
    return sql_.select("SELECT " + column_list(table) + " FROM " +
                           table_in(database_.schema(), table.name) + " " + std::string(tail),
                       arguments, visit);
  }
  Sql& sql() override { return sql_; }

 private:
  Database::Lent connection_;  // Given back after the transaction's end.
  std::unique_ptr<postgres::Transaction> transaction_;
  const Database& database_;
  UserSql sql_;
};

}  // namespace

PostgresReadModelStore::PostgresReadModelStore(std::unique_ptr<Database> database,
                                               const ReadModelStore* shadowed,
                                               std::unique_ptr<postgres::Connection> guard)
    : database_(std::move(database)),
      shadowed_(shadowed),
      guard_(std::move(guard)),
      watch_(*database_),
      news_(*database_) {}

PostgresReadModelStore::~PostgresReadModelStore() {
  // The server notices only some time later that a session has ended.
  if (guard_) static_cast<void>(guard_->run("SELECT pg_advisory_unlock_all()"));
}

void PostgresReadModelStore::tell(const CheckpointRecord& record) {
  watch_.notify(record);
  news_.tell();
}

Result<void> PostgresReadModelStore::unblock(std::string_view projection, Error error) const {
  error.code = ErrorCode::unavailable;
  auto connection = database_->reader();
  if (!connection) return error;
  const auto holder = lock_holder(**connection, database_->schema(), projection);
  if (!holder) return error;
  error.message =
      name() + ": projection " + std::string(projection) + " is blocked by " + holder->who;
  auto found = database_->checkpoints().find(**connection, projection);
  if (!found || !*found || is_respected(**found, Holder{})) return error;
  // Nobody has the right to be at it any more: a process that was frozen in the middle of a commit,
  // or one that is dead and whose session the server still keeps.
  auto ended = end_lock_holder(**connection, database_->schema(), projection);
  if (ended) return {};
  error.message += ", which this role may not end: " + ended.error().message;
  return error;
}

Result<CheckpointRecord> PostgresReadModelStore::claimed(Transaction& transaction,
                                                         const Claim& claim) const {
  auto found = database_->checkpoints().find(transaction, claim.projection, Lock::for_update);
  if (!found) return std::move(found).error();
  if (!*found) return taken_over(claim, nullptr);
  if (!holds(claim, (*found)->record)) return taken_over(claim, &(*found)->record);
  return std::move((*found)->record);
}

Result<CheckpointRecord> PostgresReadModelStore::take(Transaction& transaction,
                                                      const ProjectionType& projection,
                                                      const Holder& holder,
                                                      std::chrono::milliseconds lease) const {
  const CheckpointTable& checkpoints = database_->checkpoints();
  auto found = checkpoints.find(transaction, projection.name, Lock::for_update);
  if (!found) return std::move(found).error();
  if (!*found) {
    // One at a time makes tables in a schema; who waited for another may find them made.
    postgres::Parameters key;
    key.text(database_->schema());
    auto locked =
        transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))", key);
    if (!locked) return failed(locked.error(), name());
    found = checkpoints.find(transaction, projection.name, Lock::for_update);
    if (!found) return std::move(found).error();
  }
  CheckpointRecord record;
  if (*found) {
    record = (*found)->record;
    if (record.fingerprint != projection.fingerprint() || record.version != projection.version) {
      return Error{.code = ErrorCode::unsupported,
                   .message = "projection " + record.projection + ": the rows in " + name() +
                              " were made by definition version " + std::to_string(record.version) +
                              ", the program has version " + std::to_string(projection.version) +
                              (record.version == projection.version ? " with other tables" : "") +
                              ": rebuild the projection"};
    }
    if (is_respected(**found, holder)) return held(record);
  } else {
    record.projection = projection.name;
    record.version = projection.version;
    record.fingerprint = projection.fingerprint();
    auto tables = create_tables(transaction, *database_, projection);
    if (!tables) return std::move(tables).error();
    record.tables = *std::move(tables);
  }
  ++record.epoch;
  record.holder = holder;
  return checkpoints.write(transaction, record, lease);
}

Result<Claim> PostgresReadModelStore::claim(const ProjectionType& projection, const Holder& holder,
                                            std::chrono::milliseconds lease) {
  {
    // Who stands by asks again and again, and is not to wait for the holder's commits.
    auto connection = database_->reader();
    if (!connection) return std::move(connection).error();
    auto found = database_->checkpoints().find(**connection, projection.name);
    if (!found) return std::move(found).error();
    const bool same = *found && (*found)->record.fingerprint == projection.fingerprint();
    if (same && is_respected(**found, holder)) return held((*found)->record);
  }
  auto record = write_unblocked(projection.name, 1, [&](Transaction& transaction) {
    return take(transaction, projection, holder, lease);
  });
  if (record) return Claim{record->projection, record->epoch, holder};
  Error error = std::move(record).error();
  // Whether it was taken does not matter: this one is not going to use it, and may claim again.
  if (error.code == ErrorCode::outcome_unknown) error.code = ErrorCode::unavailable;
  return error;
}

Result<CheckpointRecord> PostgresReadModelStore::renew(const Claim& claim,
                                                       std::chrono::milliseconds lease) {
  auto renewed = write_unblocked(
      claim.projection, 1, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        auto record = claimed(transaction, claim);
        if (!record) return record;
        return database_->checkpoints().write(transaction, *record, lease);
      });
  // To renew it twice is no harm.
  if (!renewed && renewed.error().code == ErrorCode::outcome_unknown) {
    Error error = std::move(renewed).error();
    error.code = ErrorCode::unavailable;
    return error;
  }
  return renewed;
}

Result<void> PostgresReadModelStore::release(const Claim& claim) {
  auto released = write_unblocked(
      claim.projection, 1, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        auto record = claimed(transaction, claim);
        if (!record) return record;
        record->holder.reset();
        return database_->checkpoints().write(transaction, *record, std::chrono::milliseconds(0));
      });
  if (released || released.error().code == ErrorCode::wrong_expected_version) return {};
  return std::move(released).error();
}

Result<void> PostgresReadModelStore::load(const TableType& table, std::span<RowToLoad> rows) {
  if (rows.empty()) return {};
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  const std::string sql = select_by_keys_sql(database_->schema(), table);
  RowArrays keys(table, table.key_columns);
  std::vector<Cell> cells(table.columns->count);
  for (std::size_t begin = 0, i = 0; i < rows.size(); ++i) {
    if (auto added = keys.add(rows[i].row); !added) return added;
    rows[i].found = false;
    if (!keys.full() && i + 1 < rows.size()) continue;
    auto found = (*connection)->run_prepared(sql, keys.parameters());
    if (!found) {
      Error error = failed(found.error(), name() + ", table " + std::string(table.name));
      // A swap may have brought other columns: whoever loads for an old claim is told at its
      // commit.
      if (error.code == ErrorCode::invalid_argument) error.code = ErrorCode::unavailable;
      return no_timeout(std::move(error));
    }
    for (std::size_t row = 0; row < found->size(); ++row) {
      RowToLoad& wanted = rows[begin + static_cast<std::size_t>(found->integer(row, 0)) - 1];
      for (std::size_t column = 0; column < cells.size(); ++column) {
        cells[column] = read_value(*found, row, column + 1);
      }
      wanted.found = true;
      if (auto read = Sql::read_fields(*table.columns, cells, wanted.row); !read) {
        return Error{.code = ErrorCode::corrupt,
                     .message = name() + ", table " + std::string(table.name) +
                                ": a row cannot be read: " + read.error().message,
                     .place = Error::Place{name(), 0}};
      }
    }
    keys.clear();
    begin = i + 1;
  }
  return {};
}

Result<void> PostgresReadModelStore::write_rows(Transaction& transaction,
                                                const ProjectedBatch& batch) const {
  const std::string& schema = database_->schema();
  for (const TableChange& change : batch.changes) {
    const TableType& table = *change.table;
    auto done =
        write_bulk(transaction, table, change.erased, erase_sql(schema, table), table.key_columns);
    if (done) {
      done = write_bulk(transaction, table, change.written, write_sql(schema, table),
                        table.columns->count);
    }
    if (!done) return done;
  }
  if (!batch.sql) return {};
  UserSql sql(transaction, UserSql::Rights::change);
  auto done = run_user_sql(batch.sql, sql);
  // A statement that failed has ended the transaction, whatever the function made of it.
  if (done && sql.ended()) return *sql.ended();
  return done;
}

Result<CheckpointRecord> PostgresReadModelStore::commit(const ProjectedBatch& batch) {
  auto committed = write_unblocked(
      batch.claim.projection, 1, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        // Locked first: of two who think that it is theirs, the second waits and then sees.
        auto record = claimed(transaction, batch.claim);
        if (!record) return record;
        if (record->checkpoint != batch.before) return moved_on(batch, *record);
        if (auto written = write_rows(transaction, batch); !written) {
          return std::move(written).error();
        }
        auto moved = database_->checkpoints().move(transaction, batch);
        if (!moved) return std::move(moved).error();
        if (!*moved) {
          return Error{.code = ErrorCode::invalid_argument,
                       .message = "projection " + batch.claim.projection +
                                  ": hand-written SQL has changed annals_checkpoints"};
        }
        return **std::move(moved);
      });
  if (!committed && committed.error().code == ErrorCode::outcome_unknown) {
    committed = settle(batch, committed.error());
  }
  if (committed) tell(*committed);
  return committed;
}

Result<CheckpointRecord> PostgresReadModelStore::settle(const ProjectedBatch& batch,
                                                        const Error& lost) const {
  auto connection = database_->open_another();
  if (!connection) return lost;
  auto transaction = Transaction::begin(**connection);
  if (!transaction) return lost;
  // While the lost transaction is still open it holds the row's lock: once we have it, it has
  // ended.
  auto found =
      database_->checkpoints().find(**transaction, batch.claim.projection, Lock::for_update);
  if (!found) return lost;
  if (!*found) return taken_over(batch.claim, nullptr);
  const CheckpointRecord& record = (*found)->record;
  if (!holds(batch.claim, record)) return taken_over(batch.claim, &record);
  if (record.checkpoint == batch.after) return record;
  if (record.checkpoint != batch.before) return moved_on(batch, record);
  Error error = lost;
  error.code = ErrorCode::unavailable;
  error.message += ": nothing was committed";
  return error;
}

Result<void> PostgresReadModelStore::halt(const Claim& claim, const std::string& failure) {
  auto halted = write_unblocked(
      claim.projection, 1, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        auto record = claimed(transaction, claim);
        if (!record) return record;
        record->failure = failure.empty() ? "halted" : failure;
        const auto left = record->lease_until - record->updated_at;
        return database_->checkpoints().write(
            transaction, *record, std::chrono::duration_cast<std::chrono::milliseconds>(left));
      });
  if (!halted) return std::move(halted).error();
  tell(*halted);
  return {};
}

Result<void> PostgresReadModelStore::change_record(std::string_view projection,
                                                   void (*change)(CheckpointRecord&, bool),
                                                   bool value) {
  auto changed =
      write_unblocked(projection, 3, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        auto found = database_->checkpoints().find(transaction, projection, Lock::for_update);
        if (!found) return std::move(found).error();
        if (!*found) return unknown_projection(projection);
        CheckpointRecord& record = (*found)->record;
        change(record, value);
        const auto left = record.lease_until - record.updated_at;
        return database_->checkpoints().write(
            transaction, record, std::chrono::duration_cast<std::chrono::milliseconds>(left));
      });
  if (!changed) return std::move(changed).error();
  return {};
}

Result<void> PostgresReadModelStore::set_paused(std::string_view projection, bool paused) {
  return change_record(
      projection, [](CheckpointRecord& record, bool value) { record.paused = value; }, paused);
}

Result<void> PostgresReadModelStore::clear_failure(std::string_view projection) {
  return change_record(
      projection, [](CheckpointRecord& record, bool) { record.failure.clear(); }, false);
}

Result<std::vector<CheckpointRecord>> PostgresReadModelStore::records() const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  return database_->checkpoints().all(**connection);
}

Result<std::unique_ptr<ReadTransaction>> PostgresReadModelStore::read() const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  auto transaction = Transaction::begin(**connection, Transaction::Isolation::repeatable_read);
  if (!transaction) return failed(transaction.error(), name());
  // The lock first, then the snapshot, which the first select takes: whoever swaps tables waits for
  // the lock, so those that the snapshot shows are there until the end.
  auto begun = (*transaction)
                   ->run_script("SET TRANSACTION READ ONLY; LOCK TABLE " +
                                table_in(database_->schema(), "annals_format") +
                                " IN ACCESS SHARE MODE; SELECT 1");
  if (!begun) return no_timeout(failed(begun.error(), name()));
  return std::unique_ptr<ReadTransaction>(std::make_unique<PostgresReadTransaction>(
      *std::move(connection), *std::move(transaction), *database_));
}

Result<std::optional<CheckpointRecord>> PostgresReadModelStore::wait(
    std::string_view projection, GlobalPosition position,
    std::chrono::steady_clock::time_point deadline) const {
  std::optional<CommitWatch::Waiter> waiter;
  while (true) {
    if (waiter) waiter->before_reading();
    std::optional<CheckpointRecord> record;
    {
      auto connection = database_->reader();
      if (!connection) return std::move(connection).error();
      auto found = database_->checkpoints().find(**connection, projection);
      if (!found) return std::move(found).error();
      if (*found) record = std::move((*found)->record);
    }
    const bool reached = record && record->checkpoint && record->position() >= position;
    if (reached || (record && !record->failure.empty())) return record;
    if (std::chrono::steady_clock::now() >= deadline) return record;
    if (!waiter) {
      waiter.emplace(watch_, projection, position);
      continue;  // What was committed before anybody could know of us.
    }
    waiter->wait(deadline);
  }
}

}  // namespace annals::internal

namespace annals {

Result<std::unique_ptr<ReadModelStore>> open_postgres_read_models(
    PostgresReadModelOptions options) {
  // Room for what a rebuild's schema has behind it.
  if (options.schema.size() > 30) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + options.schema +
                            "' is too long for the schema of read models: "
                            "30 letters at most"};
  }
  auto database = internal::Database::open(std::move(options));
  if (!database) return std::move(database).error();
  return std::unique_ptr<ReadModelStore>(
      std::make_unique<internal::PostgresReadModelStore>(*std::move(database)));
}

}  // namespace annals
