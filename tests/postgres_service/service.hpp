#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace annals::warehouse {

/// The program postgres_service_program as a process of its own.
class Service {
 public:
  /// `on_line` is called with each whole line, on another thread.
  Service(std::vector<std::string> words, std::function<void(const std::string&)> on_line);
  /// Kills it if it still runs.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// SIGKILL. When it returns, on_line has had all that was said before.
  void kill();
  /// Tells it to come to its end, and waits. Returns the exit code; 128 + signal if one ended it.
  int finish();
  bool running() const;

 private:
  int wait();

  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::thread reading_;
};

}  // namespace annals::warehouse
