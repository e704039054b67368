/// @file
/// Runs the real program: its output read as it comes, killed at will.

#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace bank {

class ChildProcess {
 public:
  /// Starts `arguments[0]` with the rest. Standard error goes to this process's own, or, if
  /// `keep_errors`, into what errors() returns.
  explicit ChildProcess(std::vector<std::string> arguments, bool keep_errors = false);
  /// Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The next line of its standard output, without the line feed; false when there is none left.
  /// What was written before a kill can still be read after it.
  bool read_line(std::string& line);
  void kill();  ///< SIGKILL.
  /// Reads the rest, waits, and returns the exit code; 128 + signal if it was killed.
  int wait();

  const std::string& output() const { return output_; }  ///< All that was read so far.
  const std::string& errors() const { return errors_; }  ///< After wait().

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string output_;
  std::string errors_;
  std::size_t line_start_ = 0;
};

}  // namespace bank
