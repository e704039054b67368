#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

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
  /// A hot standby of this one that follows it under the name `name`, with a port and a folder of
  /// its own. Nothing, and a message on standard error, if it does not start.
  std::unique_ptr<Server> start_standby(const std::string& name) const;
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Of the database `name`.
  std::string url(const std::string& name = "postgres") const;
  int port() const { return port_; }
  const std::string& folder() const { return folder_; }

  /// SIGKILL to all its processes: as a crash of the machine, but for what the operating system
  /// still writes out.
  void kill();
  /// Ends sessions, writes out what is left.
  void stop();
  /// On the same data and port, after kill() or stop(). Waits until it answers; false if it does
  /// not.
  bool start_again();
  /// Of a standby: makes it a primary, and waits until it takes writes.
  bool promote();

  /// As the superuser.
  bool run_sql(const std::string& sql) const;
  /// Writes a file into its data folder, for nobody else to read. Returns its path.
  std::string put_file(const std::string& name, const std::string& text) const;

 private:
  explicit Server(std::string programs) : programs_(std::move(programs)) {}
  /// Nothing, or why not.
  std::string make_folder();
  bool run_on_a_free_port();
  bool run();
  bool end(int signal);
  /// A program of PostgreSQL's, to its end.
  bool run_program(const std::vector<std::string>& words) const;

  std::string folder_;
  std::string programs_;  // Where initdb and postgres lie.
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace annals::postgres_test
