#include "database.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "checkpoint_table.hpp"
#include "parked_table.hpp"

namespace annals::sqlite_rows {

namespace {

constexpr std::int64_t application_id = 0x616E6E6C;  // "annl"
constexpr std::int64_t format_version = 3;
// Readers at a time beyond these are served by connections that are closed afterwards.
constexpr std::size_t idle_max = 16;

Result<std::int64_t> read_number(Connection& connection, const char* sql) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  auto row = connection.step(**statement);
  if (!row) return std::move(row).error();
  return std::int64_t{*row ? sqlite3_column_int64((*statement)->get(), 0) : 0};
}

Result<std::string> read_text(Connection& connection, const char* sql) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  auto row = connection.step(**statement);
  if (!row) return std::move(row).error();
  const auto* text = *row ? sqlite3_column_text((*statement)->get(), 0) : nullptr;
  return std::string(text != nullptr ? reinterpret_cast<const char*>(text) : "");
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(SqliteOptions options) {
  if (options.path == ":memory:") options.path.clear();
  const bool memory = options.path.empty();
  const bool read_only = options.access == SqliteOptions::Access::read_only;
  if (!memory && options.access != SqliteOptions::Access::create &&
      !std::filesystem::exists(options.path)) {
    return Error{.code = ErrorCode::unavailable,
                 .message = options.path + ": there is no such file"};
  }
  std::unique_ptr<Database> database(new Database(std::move(options)));
  auto connection = Connection::open(memory ? ":memory:" : database->path(),
                                     read_only ? Connection::Mode::read : Connection::Mode::create,
                                     database->busy_milliseconds());
  if (!connection) return std::move(connection).error();
  if (auto prepared = database->prepare_file(**connection); !prepared) {
    return std::move(prepared).error();
  }
  if (read_only) {
    database->idle_.push_back(*std::move(connection));
  } else {
    database->writer_ = *std::move(connection);
  }
  return database;
}

Result<void> Database::prepare_file(Connection& connection) const {
  // One transaction, so that a database in the making is seen as nothing or as a whole.
  if (auto begun = connection.run("BEGIN"); !begun) return begun;
  auto application = read_number(connection, "PRAGMA application_id");
  if (!application) return std::move(application).error();
  auto version = read_number(connection, "PRAGMA user_version");
  if (!version) return std::move(version).error();
  auto tables = read_number(connection, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::move(tables).error();
  if (auto ended = connection.run("COMMIT"); !ended) return ended;
  const bool fresh = *application == 0 && *tables == 0;
  const bool read_only = options_.access == SqliteOptions::Access::read_only;
  if (!fresh && *application != application_id) {
    return Error{
        .code = ErrorCode::invalid_argument,
        .message = name() + " is not a read-model file of annals: another program made it"};
  }
  if (*version > format_version) {
    return Error{.code = ErrorCode::unsupported,
                 .message = name() + " has format " + std::to_string(*version) +
                            ", this program knows formats up to " + std::to_string(format_version) +
                            ": use a newer annals"};
  }
  if (read_only && fresh) {
    return Error{.code = ErrorCode::unavailable, .message = name() + " has no read models yet"};
  }
  if (read_only && *version < format_version) {
    return Error{.code = ErrorCode::unsupported,
                 .message = name() + " has format " + std::to_string(*version) +
                            ", and is open for reading only: a program that projects into it, or "
                            "'annals projections resume', brings it to format " +
                            std::to_string(format_version)};
  }
  if (read_only) return {};
  if (auto set = set_up(connection); !set) return set;
  if (!fresh && *version == format_version) return {};
  if (auto begun = connection.begin_writing(); !begun) return begun;
  // Another process may have been at it meanwhile.
  version = read_number(connection, "PRAGMA user_version");
  Result<void> made;
  if (!version) {
    made = std::move(version).error();
  } else if (*version == 0) {
    made = create_checkpoint_table(connection);
  } else if (*version < format_version) {
    made = upgrade_checkpoint_table(connection, *version);
  }
  if (made && version && *version < 2) made = create_parked_table(connection);
  if (made) {
    const std::string marks = "PRAGMA application_id = " + std::to_string(application_id) +
                              "; PRAGMA user_version = " + std::to_string(format_version);
    made = connection.run(marks.c_str());
  }
  if (made) made = connection.commit();
  if (!made) connection.roll_back();
  return made;
}

Result<void> Database::set_up(Connection& connection) const {
  // Of several processes that make a database at the same time only one may change its mode, and
  // SQLite does not wait for that one.
  const auto deadline = std::chrono::steady_clock::now() + options_.lock_timeout;
  while (true) {
    auto mode = read_text(connection, "PRAGMA journal_mode = WAL");
    if (mode && *mode != (in_memory() ? "memory" : "wal")) {
      return Error{.code = ErrorCode::unavailable,
                   .message = name() +
                              ": its file system cannot share memory between processes, "
                              "which SQLite's write-ahead log needs"};
    }
    if (mode) break;
    if (!connection.in_use() || std::chrono::steady_clock::now() > deadline) {
      return std::move(mode).error();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const char* sync =
      options_.sync_every_commit ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  if (auto set = connection.run(in_memory() ? "PRAGMA synchronous = OFF" : sync); !set) return set;
  // The log of one huge transaction is cut back to 64 MiB once it has been copied.
  return connection.run(
      "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536; "
      "PRAGMA temp_store = MEMORY");
}

int Database::busy_milliseconds() const {
  return static_cast<int>(std::min<std::int64_t>(options_.lock_timeout.count(), 3'600'000));
}

std::string Database::name() const {
  return in_memory() ? "SQLite database in memory" : "SQLite file " + path();
}

Result<Database::Lent> Database::writer() const {
  if (writer_ == nullptr) {
    return Error{.code = ErrorCode::unavailable, .message = name() + " is open for reading only"};
  }
  std::unique_lock lock(writing_mutex_);
  if (!writing_ended_.wait_for(lock, options_.lock_timeout, [this] { return !writing_; })) {
    return Error{.code = ErrorCode::unavailable,
                 .message = name() + ": blocked by another thread of this process"};
  }
  writing_ = true;
  return Lent(*writer_, [this] {
    writer_->roll_back();
    {
      const std::lock_guard freed(writing_mutex_);
      writing_ = false;
    }
    writing_ended_.notify_one();
  });
}

Result<std::unique_ptr<Connection>> Database::open_reader() const {
  auto connection = Connection::open(path(), Connection::Mode::read, busy_milliseconds());
  if (!connection) return connection;
  auto set = (*connection)->run("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY");
  if (!set) return std::move(set).error();
  return connection;
}

Result<Database::Lent> Database::reader() const {
  if (in_memory()) return writer();
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto opened = open_reader();
    if (!opened) return std::move(opened).error();
    connection = *std::move(opened);
  }
  Connection* lent = connection.release();
  return Lent(*lent, [this, lent] {
    std::unique_ptr<Connection> back(lent);
    back->roll_back();
    const std::lock_guard lock(idle_mutex_);
    if (idle_.size() < idle_max) idle_.push_back(std::move(back));
  });
}

}  // namespace annals::sqlite_rows
