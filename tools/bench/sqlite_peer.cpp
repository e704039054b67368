#include "sqlite_peer.hpp"

#include <array>
#include <cstddef>

#include <sqlite3.h>

namespace annals::bench {

namespace {

enum Sql : std::size_t {
  begin,
  commit,
  rollback,
  insert,
  select_stream,
  select_all,
  sum,
  balance,
  save
};

constexpr std::array<const char*, 9> texts{
    "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK",
    "INSERT INTO events(stream, version, type, data) VALUES(?1, ?2, ?3, ?4)",
    "SELECT type, data FROM events WHERE stream = ?1 ORDER BY version",
    "SELECT type, data FROM events ORDER BY position",
    // Amounts are stored as "123.45 EUR"; CAST stops at the blank.
    "SELECT count(*), sum(CAST(json_extract(data, '$.amount') AS REAL) * "
    "(CASE type WHEN 'money_deposited' THEN 1 ELSE -1 END)) FROM events WHERE stream = ?1",
    "SELECT version, balance FROM accounts WHERE stream = ?1",
    "INSERT INTO accounts(stream, version, balance) VALUES(?1, ?2, ?3) "
    "ON CONFLICT(stream) DO UPDATE SET version = ?2, balance = ?3"};

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

Result<std::unique_ptr<SqlitePeer>> SqlitePeer::open(const std::filesystem::path& file) {
  std::unique_ptr<SqlitePeer> peer(new SqlitePeer);
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &peer->database_, flags, nullptr) != SQLITE_OK) {
    return peer->failed("open");
  }
  for (const char* sql :
       {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
        "CREATE TABLE IF NOT EXISTS events(position INTEGER PRIMARY KEY, stream TEXT NOT NULL, "
        "version INTEGER NOT NULL, type TEXT NOT NULL, data BLOB NOT NULL, "
        "UNIQUE(stream, version))",
        "CREATE TABLE IF NOT EXISTS accounts(stream TEXT PRIMARY KEY, version INTEGER NOT NULL, "
        "balance INTEGER NOT NULL) WITHOUT ROWID"}) {
    if (auto done = peer->execute(sql); !done) return std::move(done).error();
  }
  for (const char* sql : texts) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(peer->database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           nullptr) != SQLITE_OK) {
      return peer->failed(sql);
    }
    peer->statements_.push_back(statement);
  }
  return peer;
}

SqlitePeer::~SqlitePeer() {
  for (sqlite3_stmt* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<void> SqlitePeer::append(const std::vector<PeerEvent>& events) {
  if (!run(statements_[begin])) return failed("begin");
  sqlite3_stmt* const statement = statements_[insert];
  for (const PeerEvent& event : events) {
    bind(statement, 1, event.stream);
    bind(statement, 2, static_cast<std::int64_t>(event.version));
    bind(statement, 3, event.type);
    bind(statement, 4, event.data);
    if (!run(statement)) {
      Error error = failed("insert");
      run(statements_[rollback]);
      return error;
    }
  }
  if (!run(statements_[commit])) return failed("commit");
  return {};
}

Result<void> SqlitePeer::deposit(const std::vector<std::string_view>& accounts,
                                 std::string_view type, std::string_view data,
                                 std::int64_t amount) {
  if (!run(statements_[begin])) return failed("begin");
  for (const std::string_view account : accounts) {
    bind(statements_[balance], 1, account);
    std::int64_t version = -1;
    std::int64_t now = 0;
    if (sqlite3_step(statements_[balance]) == SQLITE_ROW) {
      version = sqlite3_column_int64(statements_[balance], 0);
      now = sqlite3_column_int64(statements_[balance], 1);
    }
    sqlite3_reset(statements_[balance]);
    bind(statements_[insert], 1, account);
    bind(statements_[insert], 2, version + 1);
    bind(statements_[insert], 3, type);
    bind(statements_[insert], 4, data);
    bind(statements_[save], 1, account);
    bind(statements_[save], 2, version + 1);
    bind(statements_[save], 3, now + amount);
    if (!run(statements_[insert]) || !run(statements_[save])) {
      Error error = failed("deposit");
      run(statements_[rollback]);
      return error;
    }
  }
  if (!run(statements_[commit])) return failed("commit");
  return {};
}

Result<std::uint64_t> SqlitePeer::load(std::string_view stream, const Visit& visit) {
  bind(statements_[select_stream], 1, stream);
  return visit_all(statements_[select_stream], visit);
}

Result<std::uint64_t> SqlitePeer::replay(const Visit& visit) {
  return visit_all(statements_[select_all], visit);
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

Result<std::uint64_t> SqlitePeer::fold_amounts(std::string_view stream) {
  sqlite3_stmt* const statement = statements_[sum];
  bind(statement, 1, stream);
  if (sqlite3_step(statement) != SQLITE_ROW) return failed("sum");
  const auto rows = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
  sqlite3_reset(statement);
  return rows;
}

Result<void> SqlitePeer::execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(sql);
  return {};
}

Error SqlitePeer::failed(std::string_view what) const {
  return {.code = ErrorCode::unavailable,
          .message = "SQLite, " + std::string(what) + ": " + sqlite3_errmsg(database_)};
}

}  // namespace annals::bench
