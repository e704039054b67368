// A process that projects a warehouse's log into a file, until it is killed or its input ends.
//
//   projecting_program LOG DATABASE LEASE-MS [stop-before-commit | stop-in-commit]
//
// Prints a line with position, fenced commits and what it does, whenever one of them changes.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <annals/eventstore/log_event_store.hpp>

#include "gate.hpp"
#include "warehouse.hpp"

#include <poll.h>
#include <unistd.h>

namespace annals::warehouse {
namespace {

int run(const std::string& log, const std::string& database, int lease, const std::string& how) {
  auto events = open_log_event_store({.path = log, .access = LogOptions::Access::read_only});
  if (!events) return std::fprintf(stderr, "%s\n", to_string(events.error()).c_str()), 1;
  auto rows = open_sqlite_read_models({.path = database});
  if (!rows) return std::fprintf(stderr, "%s\n", to_string(rows.error()).c_str()), 1;
  Gate gate(**rows, [&] {
    if (how == "stop-before-commit") std::raise(SIGSTOP);
  });
  stop_in_commit = how == "stop-in-commit";
  ProjectionRunner runner(**events, gate, {.lease = std::chrono::milliseconds(lease)});
  if (auto added = runner.add<Stock, SlowTally>(); !added) {
    return std::fprintf(stderr, "%s\n", to_string(added.error()).c_str()), 1;
  }
  std::string told;
  while (true) {
    const auto stock = *runner.status("stock");
    const auto tally = *runner.status("slow_tally");
    const std::string line = to_string(stock.position) + ' ' +
                             std::to_string(stock.fenced + tally.fenced) + ' ' +
                             std::string(to_string(stock.activity));
    if (line != told) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
      told = line;
    }
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 1) > 0) return 0;
  }
}

}  // namespace
}  // namespace annals::warehouse

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return annals::warehouse::run(argv[1], argv[2], std::atoi(argv[3]), argc > 4 ? argv[4] : "");
}
