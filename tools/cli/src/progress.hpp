/// @file
/// How far long work has come.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace annals::cli {

/// One line on standard error that is written over and over, and wiped at the end. Shown only on a
/// terminal, and only once the work has taken half a second, or always if forced (then each time on
/// a line of its own).
class Progress {
 public:
  explicit Progress(std::string what, bool forced = false);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Shows at most ten times a second.
  void show(std::uint64_t done, std::uint64_t all);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  bool forced_;
  bool shown_ = false;
  std::uint64_t done_ = 0;  // As last shown.
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_ = started_;
};

}  // namespace annals::cli
