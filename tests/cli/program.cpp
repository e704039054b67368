#include "program.hpp"

#include <array>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace annals::test {

namespace {

/// For execv; the words must outlive it.
std::vector<char*> arguments_of(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Program::Program(const std::vector<std::string>& words) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) std::abort();
  const std::vector<char*> arguments = arguments_of(words);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

bool Program::read_some(int timeout_ms) {
  std::array<pollfd, 2> both{pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  if (out_ < 0 && err_ < 0) return false;
  if (::poll(both.data(), both.size(), timeout_ms) <= 0) return false;
  const auto take = [](int& descriptor, const pollfd& state, std::string& into) {
    if (descriptor < 0 || state.revents == 0) return;
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      ::close(descriptor);
      descriptor = -1;
    }
  };
  take(out_, both[0], out_text_);
  take(err_, both[1], err_text_);
  return true;
}

std::vector<std::string> Program::lines(std::size_t count, std::chrono::seconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (split_lines(out_text_).size() < count && std::chrono::steady_clock::now() < end) {
    if (!read_some(50) && out_ < 0) break;
  }
  return split_lines(out_text_);
}

void Program::close_output() {
  ::close(out_);
  out_ = -1;
}

void Program::signal(int number) { ::kill(pid_, number); }

Ended Program::wait() {
  while (out_ >= 0 || err_ >= 0) read_some(1000);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return {exit_code_of(status), out_text_, err_text_};
}

Ended run(const std::vector<std::string>& words) { return Program(words).wait(); }

Ended run_on_terminal(const std::vector<std::string>& words, unsigned short columns) {
  const std::vector<char*> arguments = arguments_of(words);
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  Ended ended;
  std::array<char, 4096> buffer{};
  // The end of a terminal is an error, EIO.
  for (ssize_t count = 0; (count = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
      if (c != '\r') ended.out += c;
    }
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(terminal);
  ended.exit_code = exit_code_of(status);
  return ended;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace annals::test
