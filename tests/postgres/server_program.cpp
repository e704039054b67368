// One PostgreSQL server for a whole run of ctest: "start FILE" before the first test that needs it,
// "stop FILE" after the last. FILE then holds "url …" and the process that keeps the server, or
// "none" and why there is none. That process ends the server when it is told to, or when ctest is
// gone.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "server.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using annals::postgres_test::Server;

void write_state(const std::string& file, const std::string& text) {
  const std::string next = file + ".next";
  std::ofstream(next) << text << '\n';
  std::rename(next.c_str(), file.c_str());
}

volatile std::sig_atomic_t asked_to_stop = 0;
void ask_to_stop(int) { asked_to_stop = 1; }

// In the process that stays. `ready` is closed when the state is written.
int keep(const std::string& file, pid_t ctest, int ready) {
  ::setsid();
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, fd);
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  ::sigaction(SIGTERM, &action, nullptr);

  auto started = Server::start();
  if (const auto* missing = std::get_if<Server::Missing>(&started)) {
    write_state(file, "none " + missing->why);
    return 0;
  }
  const auto& server = std::get<std::unique_ptr<Server>>(started);
  write_state(file, "url " + server->url() + "\nkeeper " + std::to_string(::getpid()));
  ::close(ready);
  while (asked_to_stop == 0 && ::kill(ctest, 0) == 0) ::usleep(200'000);
  return 0;  // The server ends with its object.
}

int start(const std::string& file) {
  if (const char* given = std::getenv("ANNALS_POSTGRES_URL"); given != nullptr && *given != '\0') {
    std::printf("tests use the server that ANNALS_POSTGRES_URL names\n");
    return 0;
  }
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return 1;
  const pid_t ctest = ::getppid();
  const pid_t keeper = ::fork();
  if (keeper == 0) {
    ::close(ready[0]);
    ::_exit(keep(file, ctest, ready[1]));
  }
  ::close(ready[1]);
  char none;
  while (::read(ready[0], &none, 1) < 0 && errno == EINTR) {
  }
  std::ifstream state(file);
  for (std::string line; std::getline(state, line);) std::printf("%s\n", line.c_str());
  return 0;
}

int stop(const std::string& file) {
  std::ifstream state(file);
  pid_t keeper = 0;
  for (std::string word, rest; state >> word && std::getline(state >> std::ws, rest);) {
    if (word == "keeper") keeper = static_cast<pid_t>(std::atol(rest.c_str()));
  }
  std::remove(file.c_str());
  if (keeper <= 1) return 0;
  ::kill(keeper, SIGTERM);
  for (int tries = 0; tries < 200 && ::kill(keeper, 0) == 0; ++tries) ::usleep(50'000);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && std::string(words[1]) == "start") return start(words[2]);
  if (count == 3 && std::string(words[1]) == "stop") return stop(words[2]);
  std::fprintf(stderr, "usage: %s start|stop FILE\n", words[0]);
  return 2;
}
