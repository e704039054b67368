#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace annals::crash {

/// Runs a program that tells of each acknowledgement in one line, and kills it when enough have
/// come. Knows nothing of what the lines mean.
class KilledProgram {
 public:
  explicit KilledProgram(std::vector<std::string> command) : command_(std::move(command)) {}

  struct Outcome {
    bool started = false;
    bool killed = false;  ///< By a signal, ours or its own.
    int exit_code = 0;    ///< If it was not.
  };

  /// Starts the program and gives each whole line to `on_line`, without its end, until that says
  /// false: then sends SIGKILL. Lines that were in the pipe by then are given to `on_line` too,
  /// since they were acknowledged before; what it says to those is ignored.
  Outcome run(const std::function<bool(const std::string&)>& on_line) const;

 private:
  std::vector<std::string> command_;
};

}  // namespace annals::crash
