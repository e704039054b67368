#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include <sys/types.h>

namespace annals::postgres_test {

/// A real PostgreSQL server of our own: on a free port of 127.0.0.1, with its data in a temporary
/// folder, fsync and synchronous_commit on, one superuser "annals" who needs no password. Ends, and
/// its folder goes, with the object; it ends too when the process that started it does.
class Server {
 public:
  /// Why there is none, for a test that says SKIPPED.
  struct Missing {
    std::string why;
  };
  static std::variant<std::unique_ptr<Server>, Missing> start();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Of the database `name`.
  std::string url(const std::string& name = "postgres") const;
  int port() const { return port_; }
  const std::string& folder() const { return folder_; }

  /// As a crash of the machine would, but for what the operating system still writes out.
  void kill();
  /// Ends sessions, writes out what is left.
  void stop();
  /// On the same data and port, after kill() or stop(). Waits until it answers; false if it does
  /// not.
  bool start_again();

 private:
  Server() = default;
  bool run();
  bool end(int signal);

  std::string folder_;
  std::string programs_;  // Where initdb and postgres lie.
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace annals::postgres_test
