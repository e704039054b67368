#include "server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include <annals/postgres/connection.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace annals::postgres_test {

namespace {

namespace fs = std::filesystem;

// The newest of Debian's, or the one in ANNALS_POSTGRES_PROGRAMS.
std::string find_programs() {
  if (const char* given = std::getenv("ANNALS_POSTGRES_PROGRAMS")) return given;
  std::vector<std::pair<int, std::string>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string bin = entry.path().string() + "/bin";
    if (fs::exists(bin + "/initdb", ignored)) {
      found.emplace_back(std::atoi(entry.path().filename().c_str()), bin);
    }
  }
  return found.empty() ? "" : std::max_element(found.begin(), found.end())->second;
}

int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  ::close(probe);
  return port;
}

// PostgreSQL refuses to run as root: then it runs as the user Debian made for it.
const passwd* user_to_be() { return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr; }

// In the child: becomes that user, logs into the folder, runs the program. Does not return.
[[noreturn]] void become(const std::vector<std::string>& command, const std::string& log,
                         const passwd* user) {
  if (user != nullptr &&
      (::setgid(user->pw_gid) != 0 || ::initgroups(user->pw_name, user->pw_gid) != 0 ||
       ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  // After setuid, which would forget it: the server ends with its test, however that ends.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::setsid();  // A Ctrl-C is for the tests, which then end the server themselves.
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(words[0], words.data());
  ::_exit(127);
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* user = user_to_be();
  const pid_t child = ::fork();
  if (child == 0) become(command, log, user);
  return child;
}

// The process and all that it has started.
std::vector<pid_t> with_children(pid_t process) {
  std::vector<pid_t> all{process};
  const std::string id = std::to_string(process);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) all.push_back(child);
  return all;
}

bool is_running(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  // "pid (name) state …": what has ended and was not waited for is a Z.
  const std::size_t name_end = text.rfind(") ");
  return name_end != std::string::npos && text[name_end + 2] != 'Z';
}

}  // namespace

std::string Server::make_folder() {
  const passwd* user = user_to_be();
  const char* parent = std::getenv("TMPDIR");
  folder_ =
      std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") + "/annals-pg-XXXXXX";
  if (::mkdtemp(folder_.data()) == nullptr) return "no temporary folder";
  if (user != nullptr && ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return "the temporary folder cannot be given to the user postgres";
  }
  return "";
}

bool Server::run_program(const std::vector<std::string>& words) const {
  std::vector<std::string> command = words;
  command.front() = programs_ + "/" + command.front();
  const pid_t child = spawn(command, folder_ + "/log");
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

bool Server::run_on_a_free_port() {
  // A port that is free now may be somebody's a moment later.
  for (int tries = 0; tries < 5; ++tries) {
    port_ = free_port();
    if (run()) return true;
  }
  return false;
}

std::variant<std::unique_ptr<Server>, Server::Missing> Server::start() {
  const std::string programs = find_programs();
  if (programs.empty()) {
    return Missing{
        "no PostgreSQL server is installed (Debian: apt-get install postgresql), and "
        "ANNALS_POSTGRES_URL names none"};
  }
  if (::geteuid() == 0 && user_to_be() == nullptr) {
    return Missing{"PostgreSQL does not run as root, and there is no user postgres"};
  }
  std::unique_ptr<Server> server(new Server(programs));
  if (std::string why = server->make_folder(); !why.empty()) return Missing{std::move(why)};
  if (!server->run_program({"initdb", "--pgdata", server->folder_ + "/data", "--username", "annals",
                            "--auth", "trust", "--encoding", "UTF8", "--locale", "C",
                            "--no-sync"})) {
    return Missing{"initdb failed: see what it says with " + programs + "/initdb"};
  }
  if (!server->run_on_a_free_port()) {
    return Missing{"the server of " + programs + " does not start"};
  }
  return server;
}

std::unique_ptr<Server> Server::start_standby(const std::string& name) const {
  std::unique_ptr<Server> standby(new Server(programs_));
  const auto made = [&] {
    return standby->make_folder().empty() &&
           standby->run_program({"pg_basebackup", "--dbname",
                                 "host=127.0.0.1 port=" + std::to_string(port_) +
                                     " user=annals application_name=" + name,
                                 "--pgdata", standby->folder_ + "/data", "--checkpoint", "fast",
                                 "--no-sync", "--write-recovery-conf"}) &&
           standby->run_on_a_free_port();
  };
  if (made()) return standby;
  std::fprintf(stderr, "the standby does not start\n");
  return nullptr;
}

Server::~Server() {
  end(SIGQUIT);
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

bool Server::run() {
  process_ = spawn({programs_ + "/postgres", "-D", folder_ + "/data", "-p", std::to_string(port_),
                    "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + folder_,
                    "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=200",
                    "-c", "log_min_messages=warning", "-c", "max_wal_size=2GB"},
                   folder_ + "/log");
  for (int tries = 0; tries < 1000; ++tries) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    if (postgres::Connection::open({.url = url()})) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  end(SIGQUIT);
  return false;
}

bool Server::end(int signal) {
  if (process_ <= 0) return false;
  ::kill(process_, signal);
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  return true;
}

std::string Server::url(const std::string& name) const {
  return "postgres://annals@127.0.0.1:" + std::to_string(port_) + "/" + name;
}

void Server::kill() {
  if (process_ <= 0) return;
  // The first to die may not start others for those that die after it.
  ::kill(process_, SIGSTOP);
  const std::vector<pid_t> all = with_children(process_);
  for (const pid_t one : all) ::kill(one, SIGKILL);
  end(SIGKILL);
  for (const pid_t one : all) {
    while (is_running(one)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Server::stop() { end(SIGINT); }
bool Server::start_again() { return process_ <= 0 && run(); }

bool Server::promote() { return run_sql("SELECT pg_promote()"); }

bool Server::run_sql(const std::string& sql) const {
  auto connection = postgres::Connection::open({.url = url()});
  auto done = connection ? (*connection)->run(sql)
                         : postgres::SqlResult<postgres::Rows>(std::move(connection).error());
  if (!done) std::fprintf(stderr, "%s: %s\n", sql.c_str(), done.error().message.c_str());
  return static_cast<bool>(done);
}

std::string Server::put_file(const std::string& name, const std::string& text) const {
  const std::string path = folder_ + "/data/" + name;
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0600);
  if (const passwd* user = user_to_be()) {
    if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) return "";
  }
  return path;
}

}  // namespace annals::postgres_test
