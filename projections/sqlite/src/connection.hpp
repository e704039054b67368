#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/projections/cell.hpp>

#include <sqlite3.h>

namespace annals::sqlite_rows {

/// A prepared statement. Belongs to its connection and to one thread at a time.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  sqlite3_stmt* get() const noexcept { return statement_; }
  /// Parameters count from 1. The cell must live until the statement is reset.
  void bind(int parameter, const Cell& cell);
  void bind_all(std::span<const Cell> cells);
  /// The columns of the present row; keeps the memory that `cells` have.
  void read(std::vector<Cell>& cells) const;
  int parameters() const noexcept { return sqlite3_bind_parameter_count(statement_); }
  bool read_only() const noexcept { return sqlite3_stmt_readonly(statement_) != 0; }
  void reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

/// Puts a statement back to its beginning when a scope ends.
class Running {
 public:
  explicit Running(Statement& statement) : statement_(statement) {}
  ~Running() { statement_.reset(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Statement& statement_;
};

/// One connection to a database. Belongs to one thread at a time.
class Connection {
 public:
  enum class Mode : std::uint8_t { create, write, read };

  /// Errors: unavailable, corrupt; see error().
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode,
                                                  int busy_milliseconds);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Text from this room, any number of statements, run to the end.
  Result<void> run(const char* sql);
  Result<void> begin() { return run_prepared("BEGIN"); }
  /// Takes the write lock at once. Errors: unavailable (somebody has it; in_use() then).
  Result<void> begin_writing() { return run_prepared("BEGIN IMMEDIATE"); }
  Result<void> commit() { return run_prepared("COMMIT"); }
  /// Prepared once and kept. REQUIRES: not running already.
  Result<Statement*> prepared(const std::string& sql);
  /// One that prepared() has kept, or nullptr.
  Statement* find_prepared(const std::string& sql) const;
  /// Not kept. Nothing: `sql` holds no statement, only blanks or comments. Errors: also
  /// invalid_argument (more than one statement).
  Result<std::unique_ptr<Statement>> prepare(std::string_view sql);
  /// Binds, runs a statement that gives no rows, and puts it back. Returns the rows it changed.
  Result<std::int64_t> execute(Statement& statement, std::span<const Cell> arguments);
  /// The next row, if any.
  Result<bool> step(Statement& statement);

  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }
  void roll_back() noexcept;
  /// Whether the last failure was another connection's lock.
  bool in_use() const noexcept;
  /// Whether the last failure was a full disk.
  bool is_full() const noexcept;
  sqlite3* handle() const noexcept { return handle_; }
  const std::string& path() const noexcept { return path_; }

  /// What SQLite says about its last failure, as an error.
  Error error(int code) const;

 private:
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  Result<void> run_prepared(const char* sql);

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements_;
};

}  // namespace annals::sqlite_rows
