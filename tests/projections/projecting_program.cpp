// A process that projects a warehouse's log into a file, until it is killed or its input ends.
//
//   projecting_program LOG DATABASE LEASE-MS
//                      [stop-before-commit | stop-in-commit | PARTITIONS | parking | mended]
//
// With a number of partitions it projects the stock alone, as one of several workers; with
// `parking` and `mended` shelves that break, or break no more. Prints a line with position, fenced
// commits and what it does, whenever one of them changes.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <annals/eventstore/log_event_store.hpp>

#include "delicate.hpp"
#include "gate.hpp"
#include "telling.hpp"
#include "warehouse.hpp"

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
  const bool delicate = how == "parking" || how == "mended";
  if (how == "mended") Delicate::breaks_at = -1;
  const auto partitions = static_cast<std::uint32_t>(std::atoi(how.c_str()));
  ProjectionRunner runner(**events, gate,
                          {.lease = std::chrono::milliseconds(lease),
                           .tries_max = delicate ? 2 : 3,
                           .retry_first = std::chrono::milliseconds(delicate ? 1 : 50)});
  auto added = delicate         ? runner.add<DelicateStock>()
               : partitions > 0 ? runner.add<Stock>(partitions)
                                : runner.add<Stock, SlowTally>();
  if (!added) return std::fprintf(stderr, "%s\n", to_string(added.error()).c_str()), 1;
  return tell_until_input_ends(runner);
}

}  // namespace
}  // namespace annals::warehouse

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return annals::warehouse::run(argv[1], argv[2], std::atoi(argv[3]), argc > 4 ? argv[4] : "");
}
