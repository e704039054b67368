/// @file
/// Connections that are used again.

#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <annals/postgres/connection.hpp>

namespace annals::postgres {

/// At most so many connections at a time, made when they are needed and kept until they are lost.
/// Thread-safe; what is lent must come back before the pool ends.
class ConnectionPool {
 public:
  ConnectionPool(ConnectionOptions options, std::size_t connections_max)
      : options_(std::move(options)), connections_max_(connections_max) {}

  /// Gives its connection back when it ends.
  class Lent {
   public:
    Lent(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lent(Lent&&) noexcept = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (connection_) pool_->take_back(std::move(connection_));
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// Waits for one to come back if all are lent, and for the server if it does not answer, up to
  /// `patience`.
  ///
  /// Errors: not_connected.
  SqlResult<Lent> lend(std::chrono::milliseconds patience);

  /// Ends those that nobody has: what waits in them for a server that is gone is not used again.
  void drop_idle();

 private:
  void take_back(std::unique_ptr<Connection> connection);

  const ConnectionOptions options_;
  const std::size_t connections_max_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // Guarded by mutex_.
  std::size_t lent_ = 0;                           // Guarded by mutex_.
};

}  // namespace annals::postgres
