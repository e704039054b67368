#include "child_process.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bank {

namespace {

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

ssize_t read_some(int file, std::string& into) {
  char bytes[1 << 16];
  ssize_t got = 0;
  do {
    got = read(file, bytes, sizeof bytes);
  } while (got < 0 && errno == EINTR);
  if (got > 0) into.append(bytes, static_cast<std::size_t>(got));
  return got;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments, bool keep_errors) {
  int out[2];
  must(pipe2(out, O_CLOEXEC) == 0, "pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  // Errors go through an unnamed file, so that a child that writes many never waits for us.
  if (keep_errors) {
    char name[] = "/tmp/bank-errors-XXXXXX";
    err_ = mkostemp(name, O_CLOEXEC);
    must(err_ >= 0, "mkostemp");
    unlink(name);
    posix_spawn_file_actions_adddup2(&actions, err_, STDERR_FILENO);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  must(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0, argv[0]);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  out_ = out[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill();
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  if (err_ >= 0) close(err_);
}

bool ChildProcess::read_line(std::string& line) {
  for (;;) {
    const std::size_t end = output_.find('\n', line_start_);
    if (end != std::string::npos) {
      line = output_.substr(line_start_, end - line_start_);
      line_start_ = end + 1;
      return true;
    }
    if (read_some(out_, output_) <= 0) return false;
  }
}

void ChildProcess::kill() { ::kill(pid_, SIGKILL); }

int ChildProcess::wait() {
  while (read_some(out_, output_) > 0) {
  }
  int status = 0;
  must(waitpid(pid_, &status, 0) == pid_, "waitpid");
  pid_ = -1;
  if (err_ >= 0) {
    lseek(err_, 0, SEEK_SET);
    while (read_some(err_, errors_) > 0) {
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace bank
