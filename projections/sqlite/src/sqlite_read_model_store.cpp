#include "sqlite_read_model_store.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/time.hpp>

#include "checkpoint_table.hpp"
#include "lock_holder.hpp"
#include "parked_table.hpp"
#include "table_sql.hpp"
#include "user_sql.hpp"
#include "wal_listener.hpp"

namespace annals::sqlite_rows {

namespace {

// A year is for ever, and can be written and added to.
Timestamp lease_end(std::chrono::milliseconds lease) {
  return system_clock()->now() + std::min<std::chrono::milliseconds>(lease, std::chrono::years(1));
}

Result<void> write_rows(Connection& connection, const TableType& table,
                        const std::vector<const void*>& rows, const std::string& sql,
                        std::size_t columns) {
  if (rows.empty()) return {};
  auto statement = connection.prepared(sql);
  if (!statement) return std::move(statement).error();
  std::vector<Cell> cells(columns);
  for (const void* row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      const FieldEntry& field = table.columns->fields[i];
      // Tables have one accessor for reading and writing; this only reads.
      if (auto put = write_cell(field.type, field.get(const_cast<void*>(row)), cells[i]); !put) {
        Error error = std::move(put).error();
        error.message = "table " + std::string(table.name) + ", column " + std::string(field.name) +
                        ": " + error.message;
        return error;
      }
    }
    if (auto done = connection.execute(**statement, cells); !done) return std::move(done).error();
  }
  return {};
}

class SqliteReadTransaction final : public ReadTransaction {
 public:
  explicit SqliteReadTransaction(Database::Lent connection)
      : connection_(std::move(connection)), sql_(*connection_, UserSql::Rights::read) {}
  ~SqliteReadTransaction() override { connection_->roll_back(); }

  Result<std::vector<CheckpointRecord>> records(std::string_view projection) override {
    return records_of(*connection_, projection);
  }
  Result<void> rows(const TableType& table, std::string_view tail, std::span<const Cell> arguments,
                    const CellsVisitor& visit) override {
    return sql_.select(
        "SELECT " + column_list(table) + " FROM " + sql_name(table.name) + " " + std::string(tail),
        arguments, visit);
  }
  Sql& sql() override { return sql_; }

 private:
  Database::Lent connection_;
  UserSql sql_;
};

}  // namespace

SqliteReadModelStore::SqliteReadModelStore(std::unique_ptr<Database> database,
                                           const ReadModelStore* shadowed,
                                           std::shared_ptr<const void> open_mark)
    : open_mark_(std::move(open_mark)),
      database_(std::move(database)),
      shadowed_(shadowed),
      watch_(database_->in_memory() ? nullptr : std::make_unique<WalListener>(*database_)) {}

Error SqliteReadModelStore::blocked(Connection& connection, Error error) const {
  if (!connection.in_use()) return error;
  std::string who;
  if (const auto pid = write_lock_holder(database_->path())) {
    who = "pid " + std::to_string(*pid);
  } else if (auto records = all_records(connection)) {
    // Reading works while somebody writes; those who hold leases are those who may.
    for (const CheckpointRecord& record : *records) {
      const std::string holder = record.holder ? to_string(*record.holder) : "";
      if (holder.empty() || who.find(holder) != std::string::npos) continue;
      who.append(who.empty() ? "perhaps " : " or ").append(holder);
    }
  }
  error.code = ErrorCode::unavailable;
  error.message = database_->name() + " is being written to: blocked by " +
                  (who.empty() ? "another program" : who);
  return error;
}

Result<CheckpointRecord> SqliteReadModelStore::claimed(Connection& connection,
                                                       const Claim& claim) const {
  auto record = find_record(connection, claim.projection, claim.partition.index);
  if (!record) return std::move(record).error();
  if (!*record) return taken_over(claim, nullptr);
  if (!holds(claim, **record)) return taken_over(claim, &**record);
  return **std::move(record);
}

Result<Claim> SqliteReadModelStore::claim(const ProjectionType& projection, Partition partition,
                                          const Holder& holder, std::chrono::milliseconds lease) {
  return write([&](Connection& connection) -> Result<Claim> {
    auto found = records_of(connection, projection.name);
    if (!found) return std::move(found).error();
    const CheckpointRecord* const first = found->empty() ? nullptr : &found->front();
    if (auto can = check_definition(projection, partition, first, name()); !can) {
      return std::move(can).error();
    }
    if (found->empty()) {
      auto tables = create_tables(connection, projection);
      if (!tables) return std::move(tables).error();
      CheckpointRecord record{.projection = std::string(projection.name),
                              .version = projection.version,
                              .fingerprint = projection.fingerprint(),
                              .tables = *std::move(tables),
                              .partition = {.count = partition.count}};
      record.updated_at = record.lease_until = lease_end({});
      for (; record.partition.index < partition.count; ++record.partition.index) {
        if (auto put = write_record(connection, record); !put) return std::move(put).error();
        found->push_back(record);
      }
    }
    if (found->size() != partition.count) return unknown_projection(projection.name, &partition);
    CheckpointRecord& record = (*found)[partition.index];
    if (auto free = check_free(record, holder); !free) return std::move(free).error();
    ++record.epoch;
    record.holder = holder;
    record.lease_until = lease_end(lease);
    record.wanted_by.reset();
    record.updated_at = lease_end({});
    if (auto put = write_record(connection, record); !put) return std::move(put).error();
    return Claim{record.projection, partition, record.epoch, holder};
  });
}

Result<void> SqliteReadModelStore::ask_for(std::string_view projection, Partition partition,
                                           const Holder& holder,
                                           std::chrono::milliseconds patience) {
  return write([&](Connection& connection) -> Result<void> {
    auto record = find_record(connection, projection, partition.index);
    if (!record) return std::move(record).error();
    if (!*record || (*record)->partition != partition) {
      return unknown_projection(projection, &partition);
    }
    if (auto may = check_not_asked_for(**record, holder); !may) return may;
    (*record)->wanted_by = holder;
    (*record)->wanted_until = lease_end(patience);
    return write_record(connection, **record);
  });
}

Result<CheckpointRecord> SqliteReadModelStore::renew(const Claim& claim,
                                                     std::chrono::milliseconds lease) {
  return write([&](Connection& connection) -> Result<CheckpointRecord> {
    auto record = claimed(connection, claim);
    if (!record) return record;
    record->lease_until = lease_end(lease);
    if (auto put = write_record(connection, *record); !put) return std::move(put).error();
    return record;
  });
}

Result<void> SqliteReadModelStore::release(const Claim& claim) {
  return write([&](Connection& connection) -> Result<void> {
    auto record = claimed(connection, claim);
    if (!record) {
      if (record.error().code == ErrorCode::wrong_expected_version) return {};
      return std::move(record).error();
    }
    record->holder.reset();
    record->lease_until = lease_end({});
    return write_record(connection, *record);
  });
}

Result<void> SqliteReadModelStore::load(const TableType& table, std::span<RowToLoad> rows) {
  if (rows.empty()) return {};
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  // Before the statement is taken: to prepare another one may let go of it.
  if (auto begun = (*connection)->begin(); !begun) return begun;
  auto statement = (*connection)->prepared(select_by_key_sql(table));
  if (!statement) return std::move(statement).error();
  const auto load_row = [&](RowToLoad& wanted, std::vector<Cell>& key,
                            std::vector<Cell>& cells) -> Result<void> {
    for (std::size_t i = 0; i < key.size(); ++i) {
      const FieldEntry& field = table.columns->fields[i];
      if (auto put = write_cell(field.type, field.get(wanted.row), key[i]); !put) {
        Error error = std::move(put).error();
        error.message = "table " + std::string(table.name) + ", key " + std::string(field.name) +
                        ": " + error.message;
        return error;
      }
    }
    Running running(**statement);
    (*statement)->bind_all(key);
    auto found = (*connection)->step(**statement);
    if (!found) return std::move(found).error();
    wanted.found = *found;
    if (!*found) return {};
    (*statement)->read(cells);
    auto read = Sql::read_fields(*table.columns, cells, wanted.row);
    if (read) return {};
    return Error{.code = ErrorCode::corrupt,
                 .message = name() + ", table " + std::string(table.name) +
                            ": a row cannot be read: " + read.error().message,
                 .place = Error::Place{database_->path(), 0}};
  };
  std::vector<Cell> key(table.key_columns);
  std::vector<Cell> cells;
  Result<void> result;
  for (RowToLoad& wanted : rows) {
    result = load_row(wanted, key, cells);
    if (!result) break;
  }
  (*connection)->roll_back();
  return result;
}

Result<CheckpointRecord> SqliteReadModelStore::commit(const ProjectedBatch& batch) {
  auto committed = write([&](Connection& connection) -> Result<CheckpointRecord> {
    auto record = claimed(connection, batch.claim);
    if (!record) return record;
    if (record->checkpoint != batch.before) return moved_on(batch, *record);
    for (const TableChange& change : batch.changes) {
      const TableType& table = *change.table;
      auto done = write_rows(connection, table, change.erased, erase_sql(table), table.key_columns);
      if (done) {
        done =
            write_rows(connection, table, change.written, write_sql(table), table.columns->count);
      }
      if (!done) return std::move(done).error();
    }
    if (batch.sql) {
      UserSql sql(connection, UserSql::Rights::change);
      auto done = run_user_sql(batch.sql, sql);
      if (sql.ended()) return *sql.ended();  // Whatever the function made of it.
      if (!done) return std::move(done).error();
    }
    record->checkpoint = batch.after;
    record->cursor = batch.cursor;
    record->failure.clear();
    record->updated_at = lease_end({});
    record->lease_until = lease_end(batch.lease);
    if (auto put = write_record(connection, *record); !put) return std::move(put).error();
    if (batch.parked.empty() && batch.unparked.empty()) return record;
    auto parked = write_parked(connection, batch);
    if (!parked) return std::move(parked).error();
    return claimed(connection, batch.claim);  // With the number of keys that are parked now.
  });
  if (committed) tell(*committed);
  return committed;
}

Result<void> SqliteReadModelStore::halt(const Claim& claim, const std::string& failure) {
  auto halted = write([&](Connection& connection) -> Result<CheckpointRecord> {
    auto record = claimed(connection, claim);
    if (!record) return record;
    record->failure = failure.empty() ? "halted" : failure;
    record->updated_at = lease_end({});
    if (auto put = write_record(connection, *record); !put) return std::move(put).error();
    return record;
  });
  if (!halted) return std::move(halted).error();
  tell(*halted);
  return {};
}

Result<std::vector<CheckpointRecord>> SqliteReadModelStore::partitions(
    std::string_view projection) const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  return records_of(**connection, projection);
}

void SqliteReadModelStore::tell(const CheckpointRecord& record) {
  watch_.tell(record, [&] { return partitions(record.projection); });
}

Result<void> SqliteReadModelStore::change_record(std::string_view projection,
                                                 void (*change)(CheckpointRecord&, bool),
                                                 bool value) {
  return write([&](Connection& connection) -> Result<void> {
    auto records = records_of(connection, projection);
    if (!records) return std::move(records).error();
    if (records->empty()) return unknown_projection(projection);
    for (CheckpointRecord& record : *records) {
      change(record, value);
      if (auto put = write_record(connection, record); !put) return put;
    }
    return {};
  });
}

Result<void> SqliteReadModelStore::set_paused(std::string_view projection, bool paused) {
  return change_record(
      projection, [](CheckpointRecord& record, bool value) { record.paused = value; }, paused);
}

Result<void> SqliteReadModelStore::clear_failure(std::string_view projection) {
  return change_record(
      projection, [](CheckpointRecord& record, bool) { record.failure.clear(); }, false);
}

Result<std::uint64_t> SqliteReadModelStore::wish_parked(std::string_view projection,
                                                        const std::optional<ParkedRow>& row,
                                                        ParkedWish wish) {
  return write([&](Connection& connection) -> Result<std::uint64_t> {
    auto records = records_of(connection, projection);
    if (!records) return std::move(records).error();
    if (records->empty()) return unknown_projection(projection);
    auto keys = write_wish(connection, projection, row, wish);
    if (keys && *keys == 0 && row) return nothing_parked(projection, *row);
    return keys;
  });
}

Result<std::vector<CheckpointRecord>> SqliteReadModelStore::records() const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  return all_records(**connection);
}

Result<std::unique_ptr<ReadTransaction>> SqliteReadModelStore::read() const {
  auto connection = database_->reader();
  if (!connection) return std::move(connection).error();
  if (auto begun = (*connection)->begin(); !begun) return std::move(begun).error();
  // The snapshot is taken by the first read, not by BEGIN.
  auto glance = (*connection)->prepared("SELECT 1 FROM annals_checkpoints LIMIT 1");
  if (!glance) return std::move(glance).error();
  if (auto taken = (*connection)->execute(**glance, {}); !taken) return std::move(taken).error();
  return std::unique_ptr<ReadTransaction>(
      std::make_unique<SqliteReadTransaction>(*std::move(connection)));
}

Result<std::optional<CheckpointRecord>> SqliteReadModelStore::wait(
    std::string_view projection, GlobalPosition position,
    std::chrono::steady_clock::time_point deadline) const {
  return watch_.wait(projection, position, deadline, [&] { return partitions(projection); });
}

}  // namespace annals::sqlite_rows

namespace annals {

Result<std::unique_ptr<ReadModelStore>> open_sqlite_read_models(SqliteOptions options) {
  auto database = sqlite_rows::Database::open(std::move(options));
  if (!database) return std::move(database).error();
  return std::unique_ptr<ReadModelStore>(
      std::make_unique<sqlite_rows::SqliteReadModelStore>(*std::move(database)));
}

}  // namespace annals
