#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <annals/projections/sqlite_read_model_store.hpp>

#include "connection.hpp"

namespace annals::sqlite_rows {

/// The connections of one process to one database: one that writes, and as many as there are
/// readers at a time. In memory there is one for both, since a second one would see nothing.
/// Thread-safe.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(SqliteOptions options);

  /// A connection for as long as this lives.
  class Lent {
   public:
    Lent(Connection& connection, std::function<void()> give_back)
        : connection_(&connection), give_back_(std::move(give_back)) {}
    ~Lent() {
      if (give_back_) give_back_();
    }
    Lent(Lent&& other) noexcept
        : connection_(other.connection_), give_back_(std::exchange(other.give_back_, nullptr)) {}
    Lent& operator=(Lent&&) = delete;

    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_; }

   private:
    Connection* connection_;
    std::function<void()> give_back_;
  };

  /// Errors: unavailable (another thread has it for longer than the lock timeout; read-only).
  Result<Lent> writer() const;
  Result<Lent> reader() const;
  /// A connection to keep. REQUIRES: not in memory.
  Result<std::unique_ptr<Connection>> open_reader() const;

  bool in_memory() const noexcept { return options_.path.empty(); }
  const std::string& path() const noexcept { return options_.path; }
  const SqliteOptions& options() const noexcept { return options_; }
  std::string name() const;

 private:
  explicit Database(SqliteOptions options) : options_(std::move(options)) {}
  Result<void> prepare_file(Connection& connection) const;
  int busy_milliseconds() const;

  const SqliteOptions options_;  // `path` is empty if in memory.
  Result<void> set_up(Connection& connection) const;

  // A transaction may end on another thread than it began on: no mutex guards the writer.
  mutable std::mutex writing_mutex_;
  mutable std::condition_variable writing_ended_;
  mutable bool writing_ = false;        // Guarded by writing_mutex_.
  std::unique_ptr<Connection> writer_;  // Whoever has set writing_ uses it; none if read-only.
  mutable std::mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<Connection>> idle_;  // Guarded by idle_mutex_.
};

}  // namespace annals::sqlite_rows
