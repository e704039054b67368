/// @file
/// SIGINT and SIGTERM as a question.

#pragma once

#include <csignal>

namespace annals::cli {

/// As long as it lives, SIGINT and SIGTERM do not end the process but make raised() true. One at a
/// time.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  bool raised() const;

 private:
  struct sigaction interrupt_before_ {};
  struct sigaction terminate_before_ {};
};

}  // namespace annals::cli
