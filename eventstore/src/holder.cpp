// Who holds a lease, and whether he is still there: Linux's /proc tells processes of one pid apart.

#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <annals/eventstore/holder.hpp>

#include <signal.h>
#include <unistd.h>

namespace annals {

namespace {

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

// Field 22 of /proc/<pid>/stat; fields are counted from behind the name, which may hold anything.
// 0: it cannot be told.
std::uint64_t start_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = text.rfind(')');
  if (at == std::string::npos) return 0;
  for (int field = 2; field < 22; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string::npos) return 0;
  }
  return std::stoull(text.substr(at + 1));
}

}  // namespace

Holder make_holder() {
  static constexpr char digits[] = "0123456789abcdef";
  std::random_device random;
  std::string runner;
  for (int i = 0; i < 4; ++i) {
    for (std::uint32_t bits = random(), k = 0; k < 4; ++k, bits >>= 4) runner += digits[bits & 15];
  }
  const std::int64_t pid = ::getpid();
  return {.host = host_name(), .pid = pid, .started = start_of(pid), .runner = std::move(runner)};
}

std::string to_string(const Holder& holder) {
  return "pid " + std::to_string(holder.pid) + " on " + holder.host;
}

bool may_be_alive(const Holder& holder) {
  if (holder.host != host_name() || holder.pid <= 0) return true;
  if (::kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == ESRCH) return false;
  const std::uint64_t started = start_of(holder.pid);
  return started == 0 || holder.started == 0 || started == holder.started;
}

}  // namespace annals
