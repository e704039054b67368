#include "database.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "checkpoint_table.hpp"

namespace annals::internal {

namespace {

constexpr std::int64_t application_id = 0x616E6E6C;  // "annl"
constexpr std::int64_t format_version = 1;

Result<std::int64_t> read_number(Connection& connection, const char* sql) {
  auto statement = connection.prepare(sql);
  if (!statement) return std::move(statement).error();
  auto row = connection.step(**statement);
  if (!row) return std::move(row).error();
  return std::int64_t{*row ? sqlite3_column_int64((*statement)->get(), 0) : 0};
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
  auto application = read_number(connection, "PRAGMA application_id");
  if (!application) return std::move(application).error();
  auto version = read_number(connection, "PRAGMA user_version");
  if (!version) return std::move(version).error();
  auto tables = read_number(connection, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::move(tables).error();
  const bool fresh = *application == 0 && *tables == 0;
  const bool read_only = options_.access == SqliteOptions::Access::read_only;
  if (!fresh && *application != application_id) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = name() + " belongs to another program: it has no read models"};
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
  if (read_only) return {};
  // A writer that starts beside another one may find the lock taken for a moment: busy_timeout.
  if (auto set = connection.run("PRAGMA journal_mode = WAL"); !set) return set;
  const bool sync = options_.sync_every_commit;
  if (auto set = connection.run(in_memory() ? "PRAGMA synchronous = OFF"
                                : sync      ? "PRAGMA synchronous = FULL"
                                            : "PRAGMA synchronous = NORMAL");
      !set) {
    return set;
  }
  if (auto set = connection.run("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY"); !set) {
    return set;
  }
  if (!fresh && *version == format_version) return {};
  if (auto begun = connection.run("BEGIN IMMEDIATE"); !begun) return begun;
  auto made = create_checkpoint_table(connection);
  if (made) {
    const std::string marks = "PRAGMA application_id = " + std::to_string(application_id) +
                              "; PRAGMA user_version = " + std::to_string(format_version) +
                              "; COMMIT";
    made = connection.run(marks.c_str());
  }
  if (!made) connection.roll_back();
  return made;
}

int Database::busy_milliseconds() const {
  return static_cast<int>(std::min<std::int64_t>(options_.lock_timeout.count(), 3'600'000));
}

std::string Database::name() const {
  return in_memory() ? "SQLite database in memory" : "SQLite file " + path();
}

Result<Database::Lent> Database::writer() {
  if (writer_ == nullptr) {
    return Error{.code = ErrorCode::unavailable, .message = name() + " is open for reading only"};
  }
  if (!writing_.try_acquire_for(options_.lock_timeout)) {
    return Error{.code = ErrorCode::unavailable,
                 .message = name() + ": blocked by another thread of this process"};
  }
  return Lent(*writer_, [this] { writing_.release(); });
}

Result<Database::Lent> Database::reader() const {
  if (in_memory()) return const_cast<Database*>(this)->writer();
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto opened = Connection::open(path(), Connection::Mode::read, busy_milliseconds());
    if (!opened) return std::move(opened).error();
    connection = *std::move(opened);
    if (auto set = connection->run("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY");
        !set) {
      return std::move(set).error();
    }
  }
  Connection* lent = connection.release();
  return Lent(*lent, [this, lent] {
    lent->roll_back();
    const std::lock_guard lock(idle_mutex_);
    idle_.emplace_back(lent);
  });
}

}  // namespace annals::internal
