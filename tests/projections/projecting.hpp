#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace annals::warehouse {

/// A process that projects (PROJECTING_PROGRAM), with its output to be read line by line. Killed at
/// the end.
class Projecting {
 public:
  explicit Projecting(const std::vector<std::string>& words) {
    std::array<int, 2> out{};
    std::array<int, 2> in{};
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    std::vector<char*> arguments{const_cast<char*>(PROJECTING_PROGRAM)};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(in[0], STDIN_FILENO);
      ::execv(PROJECTING_PROGRAM, arguments.data());
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(in[0]);
    output_ = ::fdopen(out[0], "r");
    input_ = in[1];
  }
  ~Projecting() {
    if (pid_ > 0) end(SIGKILL);
    std::fclose(output_);
    ::close(input_);
  }
  Projecting(const Projecting&) = delete;
  Projecting& operator=(const Projecting&) = delete;

  struct Line {
    std::uint64_t position = 0;
    std::uint64_t fenced = 0;
    std::string activity;
  };
  /// The next line; position ~0 and "ended" if there is none.
  Line next() {
    std::array<char, 128> text{};
    std::array<char, 64> activity{};
    unsigned long long position = 0;
    unsigned long long fenced = 0;
    if (std::fgets(text.data(), text.size(), output_) == nullptr ||
        std::sscanf(text.data(), "%llu %llu %63s", &position, &fenced, activity.data()) != 3) {
      return {~std::uint64_t{0}, 0, "ended"};
    }
    return {position, fenced, activity.data()};
  }
  void wait_until_fenced() {
    while (true) {
      const Line line = next();
      ASSERT_NE(line.activity, "ended");
      if (line.fenced > 0) return;
    }
  }
  void wait_until_stopped() const {
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
    ASSERT_TRUE(WIFSTOPPED(status)) << "it did not come to where it stops itself";
  }
  void go_on() const { ::kill(pid_, SIGCONT); }
  void end(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::FILE* output_ = nullptr;
  int input_ = -1;
};

}  // namespace annals::warehouse
