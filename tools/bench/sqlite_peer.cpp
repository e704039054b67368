#include "sqlite_peer.hpp"

#include <array>
#include <cstddef>

#include <sqlite3.h>

namespace annals::bench {

namespace {

// The first three of both lists.
enum Common : std::size_t { begin_writing, commit_all, roll_back };

namespace event_table {
enum Sql : std::size_t {
  insert = roll_back + 1,
  select_stream,
  select_all,
  sum,
  balance,
  save,
  select_version,
  select_last
};

constexpr std::array setup{
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
    "CREATE TABLE IF NOT EXISTS events(position INTEGER PRIMARY KEY, stream TEXT NOT NULL, "
    "version INTEGER NOT NULL, type TEXT NOT NULL, data BLOB NOT NULL, "
    "UNIQUE(stream, version))",
    "CREATE TABLE IF NOT EXISTS accounts(stream TEXT PRIMARY KEY, version INTEGER NOT NULL, "
    "balance INTEGER NOT NULL) WITHOUT ROWID"};
constexpr std::array texts{
    "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK",
    "INSERT INTO events(stream, version, type, data) VALUES(?1, ?2, ?3, ?4)",
    "SELECT type, data FROM events WHERE stream = ?1 ORDER BY version",
    "SELECT type, data FROM events ORDER BY position",
    // Amounts are stored as "123.45 EUR"; CAST stops at the blank.
    "SELECT count(*), sum(CAST(json_extract(data, '$.amount') AS REAL) * "
    "(CASE type WHEN 'money_deposited' THEN 1 ELSE -1 END)) FROM events "
    "WHERE stream = ?1 AND position <= ?2",
    "SELECT version, balance FROM accounts WHERE stream = ?1",
    "INSERT INTO accounts(stream, version, balance) VALUES(?1, ?2, ?3) "
    "ON CONFLICT(stream) DO UPDATE SET version = ?2, balance = ?3",
    "SELECT type, data FROM events WHERE stream = ?1 AND version = ?2",
    "SELECT type, data FROM events WHERE stream = ?1 ORDER BY version DESC LIMIT ?2"};
}  // namespace event_table

namespace read_model {
enum Sql : std::size_t { clear = roll_back + 1, book, move_checkpoint };

constexpr std::array setup{
    "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -65536",
    "CREATE TABLE IF NOT EXISTS balances(account TEXT PRIMARY KEY, balance INTEGER NOT NULL, "
    "bookings INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS checkpoints(name TEXT PRIMARY KEY, position INTEGER NOT NULL) "
    "WITHOUT ROWID"};
constexpr std::array texts{
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "DELETE FROM balances",
    "INSERT INTO balances(account, balance, bookings) VALUES(?1, ?2, 1) "
    "ON CONFLICT(account) DO UPDATE SET balance = balance + ?2, bookings = bookings + 1",
    "INSERT INTO checkpoints(name, position) VALUES('balances', ?1) "
    "ON CONFLICT(name) DO UPDATE SET position = ?1"};
}  // namespace read_model

void bind(sqlite3_stmt* statement, int place, std::string_view text) {
  sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}
void bind(sqlite3_stmt* statement, int place, std::int64_t number) {
  sqlite3_bind_int64(statement, place, number);
}

std::string_view column(sqlite3_stmt* statement, int place) {
  const void* bytes = sqlite3_column_blob(statement, place);
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement, place))};
}

/// Runs a statement that gives no rows.
bool run(sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  return result == SQLITE_DONE;
}

}  // namespace

SqliteConnection::~SqliteConnection() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<void> SqliteConnection::open(const std::filesystem::path& file,
                                    std::span<const char* const> setup,
                                    std::span<const char* const> statements) {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &database_, flags, nullptr) != SQLITE_OK) {
    return failed("open");
  }
  sqlite3_busy_timeout(database_, 10'000);
  for (const char* sql : setup) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(sql);
  }
  for (const char* sql : statements) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK) {
      return failed(sql);
    }
    statements_.push_back(statement);
  }
  return {};
}

Error SqliteConnection::failed(std::string_view what) const {
  return {.code = ErrorCode::unavailable,
          .message = "SQLite, " + std::string(what) + ": " + sqlite3_errmsg(database_)};
}

Result<std::unique_ptr<SqlitePeer>> SqlitePeer::open(const std::filesystem::path& file) {
  std::unique_ptr<SqlitePeer> peer(new SqlitePeer);
  const auto opened = peer->SqliteConnection::open(file, event_table::setup, event_table::texts);
  if (!opened) return opened.error();
  return peer;
}

Result<void> SqlitePeer::append(const std::vector<PeerEvent>& events) {
  const std::lock_guard lock(writing_);
  if (!run(statements_[begin_writing])) return failed("begin");
  sqlite3_stmt* const statement = statements_[event_table::insert];
  for (const PeerEvent& event : events) {
    bind(statement, 1, event.stream);
    bind(statement, 2, static_cast<std::int64_t>(event.version));
    bind(statement, 3, event.type);
    bind(statement, 4, event.data);
    if (!run(statement)) {
      Error error = failed("insert");
      run(statements_[roll_back]);
      return error;
    }
  }
  if (!run(statements_[commit_all])) return failed("commit");
  return {};
}

Result<void> SqlitePeer::deposit(const std::vector<PeerDeposit>& deposits) {
  if (!run(statements_[begin_writing])) return failed("begin");
  for (const auto& [account, type, data, amount] : deposits) {
    bind(statements_[event_table::balance], 1, account);
    std::int64_t version = -1;
    std::int64_t now = 0;
    if (sqlite3_step(statements_[event_table::balance]) == SQLITE_ROW) {
      version = sqlite3_column_int64(statements_[event_table::balance], 0);
      now = sqlite3_column_int64(statements_[event_table::balance], 1);
    }
    sqlite3_reset(statements_[event_table::balance]);
    bind(statements_[event_table::insert], 1, account);
    bind(statements_[event_table::insert], 2, version + 1);
    bind(statements_[event_table::insert], 3, type);
    bind(statements_[event_table::insert], 4, data);
    bind(statements_[event_table::save], 1, account);
    bind(statements_[event_table::save], 2, version + 1);
    bind(statements_[event_table::save], 3, now + amount);
    if (!run(statements_[event_table::insert]) || !run(statements_[event_table::save])) {
      Error error = failed("deposit");
      run(statements_[roll_back]);
      return error;
    }
  }
  if (!run(statements_[commit_all])) return failed("commit");
  return {};
}

Result<std::uint64_t> SqlitePeer::load(std::string_view stream, const Visit& visit) {
  bind(statements_[event_table::select_stream], 1, stream);
  return visit_all(statements_[event_table::select_stream], visit);
}

Result<std::uint64_t> SqlitePeer::replay(const Visit& visit) {
  return visit_all(statements_[event_table::select_all], visit);
}

Result<std::uint64_t> SqlitePeer::load_version(std::string_view stream, std::uint64_t version,
                                               const Visit& visit) {
  bind(statements_[event_table::select_version], 1, stream);
  bind(statements_[event_table::select_version], 2, static_cast<std::int64_t>(version));
  return visit_all(statements_[event_table::select_version], visit);
}

Result<std::uint64_t> SqlitePeer::load_last(std::string_view stream, std::uint64_t count,
                                            const Visit& visit) {
  bind(statements_[event_table::select_last], 1, stream);
  bind(statements_[event_table::select_last], 2, static_cast<std::int64_t>(count));
  return visit_all(statements_[event_table::select_last], visit);
}

Result<std::uint64_t> SqlitePeer::load_tag(std::string_view tag, const Visit& visit) {
  static_cast<void>(tag);
  static_cast<void>(visit);
  return Error{.code = ErrorCode::invalid_argument, .message = "SQLite, tag: keeps none"};
}

Result<std::uint64_t> SqlitePeer::visit_all(sqlite3_stmt* statement, const Visit& visit) {
  std::uint64_t rows = 0;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    visit(column(statement, 0), column(statement, 1));
    ++rows;
  }
  sqlite3_reset(statement);
  if (result != SQLITE_DONE) return failed("select");
  return rows;
}

Result<std::uint64_t> SqlitePeer::fold_amounts(std::string_view stream, std::int64_t position_max) {
  sqlite3_stmt* const statement = statements_[event_table::sum];
  bind(statement, 1, stream);
  bind(statement, 2, position_max);
  if (sqlite3_step(statement) != SQLITE_ROW) return failed("sum");
  const auto rows = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
  sqlite3_reset(statement);
  return rows;
}

Result<std::int64_t> SqlitePeer::balance(std::string_view account) {
  sqlite3_stmt* const statement = statements_[event_table::balance];
  bind(statement, 1, account);
  if (sqlite3_step(statement) != SQLITE_ROW) {
    Error error = failed("balance");
    sqlite3_reset(statement);
    return error;
  }
  const std::int64_t amount = sqlite3_column_int64(statement, 1);
  sqlite3_reset(statement);
  return amount;
}

Result<std::unique_ptr<SqliteReadModelPeer>> SqliteReadModelPeer::open(
    const std::filesystem::path& file) {
  std::unique_ptr<SqliteReadModelPeer> peer(new SqliteReadModelPeer);
  const auto opened = peer->SqliteConnection::open(file, read_model::setup, read_model::texts);
  if (!opened) return opened.error();
  return peer;
}

Result<void> SqliteReadModelPeer::begin() {
  if (!run(statements_[begin_writing])) return failed("begin");
  return {};
}

Result<void> SqliteReadModelPeer::clear() {
  if (!run(statements_[read_model::clear])) return failed("clear");
  return {};
}

Result<void> SqliteReadModelPeer::book(std::string_view account, std::int64_t amount) {
  sqlite3_stmt* const statement = statements_[read_model::book];
  bind(statement, 1, account);
  bind(statement, 2, amount);
  if (!run(statement)) return failed("book");
  return {};
}

Result<void> SqliteReadModelPeer::commit(std::uint64_t position) {
  sqlite3_stmt* const statement = statements_[read_model::move_checkpoint];
  bind(statement, 1, static_cast<std::int64_t>(position));
  if (!run(statement) || !run(statements_[commit_all])) return failed("commit");
  return {};
}

}  // namespace annals::bench
