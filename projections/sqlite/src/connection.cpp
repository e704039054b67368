#include "connection.hpp"

#include <utility>

namespace annals::sqlite_rows {

void Statement::bind(int parameter, const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    sqlite3_bind_int64(statement_, parameter, *number);
  } else if (const auto* real = std::get_if<double>(&cell)) {
    sqlite3_bind_double(statement_, parameter, *real);
  } else if (const auto* text = std::get_if<std::string>(&cell)) {
    sqlite3_bind_text64(statement_, parameter, text->data(), text->size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  } else {
    sqlite3_bind_null(statement_, parameter);
  }
}

void Statement::bind_all(std::span<const Cell> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) bind(static_cast<int>(i) + 1, cells[i]);
}

void Statement::read(std::vector<Cell>& cells) const {
  cells.resize(static_cast<std::size_t>(sqlite3_column_count(statement_)));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int column = static_cast<int>(i);
    switch (sqlite3_column_type(statement_, column)) {
      case SQLITE_INTEGER: cells[i] = std::int64_t{sqlite3_column_int64(statement_, column)}; break;
      case SQLITE_FLOAT: cells[i] = sqlite3_column_double(statement_, column); break;
      case SQLITE_NULL: cells[i] = std::monostate{}; break;
      default: {
        const void* bytes = sqlite3_column_blob(statement_, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
        const std::string_view text(static_cast<const char*>(bytes), size);
        if (auto* kept = std::get_if<std::string>(&cells[i])) {
          kept->assign(text);
        } else {
          cells[i] = std::string(text);
        }
      }
    }
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode,
                                                     int busy_milliseconds) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle, path));
  if (handle == nullptr) {
    return Error{.code = ErrorCode::unavailable, .message = path + ": out of memory"};
  }
  if (opened != SQLITE_OK) return connection->error(opened);
  sqlite3_busy_timeout(handle, busy_milliseconds);
  // A database that somebody else made may not run its own code or change its own tables' text.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

Error Connection::error(int code) const {
  const std::string what = path_ + ": " + sqlite3_errmsg(handle_);
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {.code = ErrorCode::corrupt, .message = what, .place = Error::Place{path_, 0}};
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
    case SQLITE_AUTH: return {.code = ErrorCode::invalid_argument, .message = what};
    case SQLITE_CANTOPEN:
      return {.code = ErrorCode::unavailable,
              .message = what + " (is its folder there, and may this user use it?)"};
    case SQLITE_READONLY:
      return {.code = ErrorCode::unavailable,
              .message = what +
                         " (this user must be able to write to the file and its folder, even to "
                         "read: SQLite notes there who reads)"};
    default: return {.code = ErrorCode::unavailable, .message = what};
  }
}

Result<void> Connection::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::run_prepared(const char* sql) {
  auto statement = prepared(sql);
  if (!statement) return std::move(statement).error();
  Running running(**statement);
  auto done = step(**statement);
  if (!done) return std::move(done).error();
  return {};
}

Result<std::unique_ptr<Statement>> Connection::prepare(std::string_view sql) {
  std::unique_ptr<Statement> first;
  // What follows the first statement may be blanks and comments, which give no statement.
  while (!sql.empty()) {
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    if (code != SQLITE_OK) return error(code);
    auto statement = handle != nullptr ? std::make_unique<Statement>(handle) : nullptr;
    if (statement != nullptr && first != nullptr) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = path_ + ": more than one statement"};
    }
    if (statement != nullptr) first = std::move(statement);
    sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
    // SQLite reads no further than a NUL character.
    if (handle == nullptr) break;
  }
  return first;
}

Statement* Connection::find_prepared(const std::string& sql) const {
  const auto found = statements_.find(sql);
  return found != statements_.end() ? found->second.get() : nullptr;
}

Result<Statement*> Connection::prepared(const std::string& sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  auto statement = prepare(sql);
  if (!statement) return std::move(statement).error();
  // Programs have few statements of their own; queries built from text must not fill the memory.
  if (statements_.size() >= 256) {
    std::erase_if(statements_, [](const auto& kept) {
      return kept.second == nullptr || sqlite3_stmt_busy(kept.second->get()) == 0;
    });
  }
  return statements_.emplace(sql, *std::move(statement)).first->second.get();
}

Result<bool> Connection::step(Statement& statement) {
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error(code);
}

Result<std::int64_t> Connection::execute(Statement& statement, std::span<const Cell> arguments) {
  Running running(statement);
  statement.bind_all(arguments);
  const int before = sqlite3_total_changes(handle_);
  while (true) {
    auto row = step(statement);
    if (!row) return std::move(row).error();
    if (!*row) return std::int64_t{sqlite3_total_changes(handle_) - before};
  }
}

bool Connection::in_use() const noexcept {
  const int code = sqlite3_errcode(handle_) & 0xFF;
  return code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

bool Connection::is_full() const noexcept {
  return (sqlite3_errcode(handle_) & 0xFF) == SQLITE_FULL;
}

void Connection::roll_back() noexcept {
  if (!in_transaction() || run_prepared("ROLLBACK")) return;
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace annals::sqlite_rows
