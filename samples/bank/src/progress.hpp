/// @file
/// A line on standard error that says how far long work has come.

#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>

#include <unistd.h>

namespace bank {

/// Shows nothing where standard error is no terminal. Of one thread.
class Progress {
 public:
  Progress(const char* what, std::uint64_t all)
      : what_(what), all_(all), shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// At most ten times a second.
  void show(std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    std::fprintf(stderr, "\r%s: %llu of %llu", what_, static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(all_));
  }

 private:
  const char* what_;
  std::uint64_t all_;
  bool shown_;
  std::chrono::steady_clock::time_point next_ = {};
};

}  // namespace bank
