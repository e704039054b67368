#include "postgres_read_model_store.hpp"

#include <utility>

#include "news_listener.hpp"
#include "row_arrays.hpp"
#include "table_sql.hpp"
#include "user_sql.hpp"

namespace annals::internal {

namespace {

using Lock = CheckpointTable::Lock;

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

class PostgresReadTransaction final : public ReadTransaction {
 public:
  PostgresReadTransaction(Database::Lent connection,
                          std::unique_ptr<postgres::Transaction> transaction,
                          const Database& database)
      : connection_(std::move(connection)),
        transaction_(std::move(transaction)),
        database_(database),
        sql_(*transaction_, UserSql::Rights::read) {}

  Result<std::vector<CheckpointRecord>> records(std::string_view projection) override {
    return database_.checkpoints().partitions(*transaction_, projection);
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
      watch_(std::make_unique<NewsListener>(*database_)),
      news_(*database_) {}

PostgresReadModelStore::~PostgresReadModelStore() {
  // The server notices only some time later that a session has ended.
  if (guard_) static_cast<void>(guard_->run("SELECT pg_advisory_unlock_all()"));
}

Result<std::vector<CheckpointRecord>> PostgresReadModelStore::partitions(
    std::string_view projection) const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  return database_->checkpoints().partitions(**connection, projection);
}

void PostgresReadModelStore::tell(const CheckpointRecord& record) {
  news_.tell();
  watch_.tell(record, [&] { return partitions(record.projection); });
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
  auto committed =
      write_unblocked(batch.claim, [&](Transaction& transaction) -> Result<CheckpointRecord> {
        // Locked first: of two who think that it is theirs, the second waits and then sees.
        auto record = claimed(transaction, batch.claim);
        if (!record) return record;
        if (record->checkpoint != batch.before) return moved_on(batch, *record);
        auto written = write_rows(transaction, batch);
        if (written) written = database_->parked().write(transaction, batch);
        if (!written) return std::move(written).error();
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
  auto found = database_->checkpoints().find(**transaction, batch.claim.projection,
                                             batch.claim.partition.index, Lock::for_update);
  if (!found) return lost;
  if (!*found) return taken_over(batch.claim, nullptr);
  const CheckpointRecord& record = **found;
  if (!holds(batch.claim, record)) return taken_over(batch.claim, &record);
  // A batch that stays where it is leaves no trace in the record: its maker has to look.
  if (batch.before == batch.after) return lost;
  if (record.checkpoint == batch.after) return record;
  if (record.checkpoint != batch.before) return moved_on(batch, record);
  Error error = lost;
  error.code = ErrorCode::unavailable;
  error.message += ": nothing was committed";
  return error;
}

Result<void> PostgresReadModelStore::halt(const Claim& claim, const std::string& failure) {
  auto halted = write_unblocked(claim, [&](Transaction& transaction) -> Result<CheckpointRecord> {
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

Result<std::vector<CheckpointRecord>> PostgresReadModelStore::lock_partitions(
    Transaction& transaction, std::string_view projection) {
  // Twice: who waits for a swap finds, when it is done, the rows that were there before it, and not
  // those that it has added. The lock of the first one that is left keeps other swaps out.
  auto found = database_->checkpoints().partitions(transaction, projection, Lock::for_update);
  if (!found) return found;
  return database_->checkpoints().partitions(transaction, projection, Lock::for_update);
}

Result<void> PostgresReadModelStore::change_record(std::string_view projection,
                                                   void (*change)(CheckpointRecord&, bool),
                                                   bool value) {
  auto changed = write_unblocked(projection, {}, 3, [&](Transaction& transaction) -> Result<void> {
    auto records = lock_partitions(transaction, projection);
    if (!records) return std::move(records).error();
    if (records->empty()) return unknown_projection(projection);
    for (CheckpointRecord& record : *records) {
      change(record, value);
      const auto left = record.lease_until - record.updated_at;
      auto written = database_->checkpoints().write(
          transaction, record, std::chrono::duration_cast<std::chrono::milliseconds>(left));
      if (!written) return std::move(written).error();
    }
    return {};
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

Result<std::uint64_t> PostgresReadModelStore::wish_parked(std::string_view projection,
                                                          const std::optional<ParkedRow>& row,
                                                          ParkedWish wish) {
  return write_unblocked(projection, {}, 3, [&](Transaction& transaction) -> Result<std::uint64_t> {
    // Whoever projects parks and unparks under these locks.
    auto records = lock_partitions(transaction, projection);
    if (!records) return std::move(records).error();
    if (records->empty()) return unknown_projection(projection);
    auto keys = database_->parked().wish(transaction, projection, row, wish);
    if (keys && *keys == 0 && row) return nothing_parked(projection, *row);
    return keys;
  });
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
  return watch_.wait(projection, position, deadline, [&] { return partitions(projection); });
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
