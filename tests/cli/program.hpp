/// @file
/// Programs run as a user would, from outside.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace annals::test {

/// What a program left behind.
struct Ended {
  int exit_code = -1;  ///< 128 + signal if a signal ended it.
  std::string out;
  std::string err;
};

/// A running program with its standard output and error in pipes.
class Program {
 public:
  /// The first word is the path.
  explicit Program(const std::vector<std::string>& words);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  /// Kills it if it still runs.
  ~Program();

  /// Waits until that many lines of output have come, and returns all of them so far; fewer if the
  /// program ended or the time is over.
  std::vector<std::string> lines(std::size_t count, std::chrono::seconds longest);
  /// Closes our end of its output, as `head` does when it has seen enough.
  void close_output();
  void signal(int number);
  /// -1 after wait().
  pid_t pid() const { return pid_; }
  /// Reads the rest and waits for the end.
  Ended wait();

 private:
  bool read_some(int timeout_ms);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_;
  std::string err_text_;
};

/// Runs a program to its end.
Ended run(const std::vector<std::string>& words);

/// Runs a program to its end on a terminal of so many columns; standard output and error come
/// together in `out`, with "\n" at line ends.
Ended run_on_terminal(const std::vector<std::string>& words, unsigned short columns);

std::vector<std::string> split_lines(const std::string& text);

}  // namespace annals::test
