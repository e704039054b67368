/// @file
/// One connection to a PostgreSQL server.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/postgres/parameters.hpp>
#include <annals/postgres/rows.hpp>
#include <annals/postgres/sql_result.hpp>

namespace annals::postgres {

class Connection;

struct ConnectionOptions {
  /// "postgres://user:secret@host:5432/database?sslmode=verify-full&sslrootcert=…" or libpq's
  /// "host=… dbname=…". Everything libpq understands is passed on to it, TLS options included;
  /// PGPASSWORD, PGSSLMODE and the password file count as with any client. Of several hosts,
  /// "postgres://one:5432,two:5432/database?target_session_attrs=read-write", the first that
  /// answers and takes writes is taken.
  std::string url = {};
  std::string application_name = "annals";  ///< Unless the URL has one.
  /// For one attempt, in whole seconds, at least 2. Unless the URL has connect_timeout.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  /// Of each statement, waiting for locks included; 0: none.
  std::chrono::milliseconds statement_timeout = std::chrono::seconds(30);
  /// Other settings of the session, such as {"jit", "off"}.
  std::vector<std::pair<std::string, std::string>> settings = {};
  /// Asked of each new session; one that it has something against is not used. Whoever fails over
  /// may come to a server that is not what it should be.
  std::function<SqlDone(Connection&)> check = {};
};

/// `url` without its password, and so fit for messages. Of what libpq cannot read it says what is
/// wrong with it.
std::string without_password(std::string_view url);

/// `name` as an SQL identifier, quoted.
std::string quoted_name(std::string_view name);

struct Notification {
  std::string channel;
  std::string payload;
  int backend = 0;  ///< Who sent it.
};

/// A session of a server. Once it is lost it stays lost: nothing reconnects silently, because
/// locks, LISTEN and temporary things would be gone unnoticed. Its session is always at READ
/// COMMITTED, in UTF-8 and UTC, and answers a commit only when it is on the server's disk, whatever
/// the role's or database's defaults are.
///
/// Belongs to one thread at a time; cancel() may come from any.
class Connection {
 public:
  /// Errors: not_connected, other (a URL that cannot be read), unsupported (before version 13), and
  /// those of ConnectionOptions::check.
  static SqlResult<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  /// Tries again, with growing pauses, until it succeeds or `patience` is over. What a later try
  /// cannot make better (other, unsupported, diverged) is answered at once.
  static SqlResult<std::unique_ptr<Connection>> open_within(const ConnectionOptions& options,
                                                            std::chrono::milliseconds patience);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one statement with parameters. Outside a Transaction it is one of its own: when it
  /// returns, it has been committed.
  SqlResult<Rows> run(std::string_view sql, const Parameters& parameters = {});
  /// The same, prepared at its first use and kept for this connection: for statements that come
  /// again and again. At most a few hundred different ones; what comes later is not kept.
  SqlResult<Rows> run_prepared(const std::string& sql, const Parameters& parameters = {});
  /// Runs a script of several statements without parameters. Unless it holds BEGIN and COMMIT, all
  /// of it is one transaction.
  SqlDone run_script(const std::string& sql);

  /// From now on notifications of `channel` are received.
  SqlDone listen(std::string_view channel);
  /// Waits until something has been received or the time is over.
  SqlResult<std::vector<Notification>> await_notifications(std::chrono::milliseconds timeout);
  /// What has been received, without waiting.
  SqlResult<std::vector<Notification>> take_notifications();
  /// For poll(): readable when take_notifications() may have something. -1 once lost.
  int socket() const noexcept;

  /// Asks the server to stop what this connection is running, which then fails with `timeout`.
  void cancel() noexcept;

  /// Whether it is known to be lost.
  bool lost() const noexcept;
  int backend() const noexcept;         ///< The server process's id.
  int server_version() const noexcept;  ///< 150018 for 15.18.

 private:
  friend class Transaction;
  friend class CopyWriter;
  struct Inside;
  explicit Connection(std::unique_ptr<Inside> inside);

  std::unique_ptr<Inside> inside_;
};

}  // namespace annals::postgres
