#include "service.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace annals::warehouse {

Service::Service(std::vector<std::string> words, std::function<void(const std::string&)> on_line) {
  std::array<int, 2> out{};
  std::array<int, 2> in{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(in.data(), O_CLOEXEC) != 0) return;
  words.insert(words.begin(), POSTGRES_SERVICE);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(in[0], STDIN_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(in[0]);
  output_ = out[0];
  input_ = in[1];
  reading_ = std::thread([this, tell = std::move(on_line)] {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t count; (count = ::read(output_, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      std::size_t begin = 0;
      for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        tell(text.substr(begin, end - begin));
      }
      text.erase(0, begin);
    }
  });
}

Service::~Service() {
  if (process_ > 0) kill();
}

void Service::kill() {
  ::kill(process_, SIGKILL);
  wait();
}

int Service::finish() {
  ::close(std::exchange(input_, -1));
  return wait();
}

bool Service::running() const {
  siginfo_t info{};
  return process_ > 0 &&
         ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

int Service::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  reading_.join();
  ::close(output_);
  if (input_ >= 0) ::close(std::exchange(input_, -1));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace annals::warehouse
