#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/program.hpp"

#include <sys/types.h>

namespace annals::chaos {

/// A program that is killed and frozen, and started again whenever it has ended.
class Process {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  /// Gets the words of the last line of each life.
  using OnEnd = std::function<void(const std::vector<std::string>& last)>;

  Process(std::vector<std::string> words, OnEnd on_end);

  pid_t pid() const { return program_ ? program_->pid() : -1; }
  /// SIGKILL, and a new life.
  void kill();
  void freeze(std::chrono::milliseconds time);
  bool frozen() const { return frozen_until_.has_value(); }
  /// To be called often: lets it go on when its time has come, and begins a new life where the last
  /// one has ended by itself.
  void tend();
  /// Lets it go on at once.
  void let_go_on();
  /// SIGTERM, and waits for the end.
  void end();
  void start();

  /// Why it has ended by itself, if not for something that may pass; once for each time.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void bury(bool by_itself);
  bool has_ended() const;

  const std::vector<std::string> words_;
  const OnEnd on_end_;
  std::unique_ptr<test::Program> program_;
  std::optional<Moment> frozen_until_;
  std::vector<std::string> complaints_;
};

}  // namespace annals::chaos
