// A process that projects a warehouse's log into PostgreSQL, until it is killed or its input ends.
//
//   postgres_projecting_program LOG URL SCHEMA LEASE-MS [stop]
//
// With `stop` it stops itself in its first commit, between the rows and COMMIT. Prints a line with
// position, fenced commits and what it does, whenever one of them changes.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <annals/eventstore/log_event_store.hpp>

#include "tally.hpp"

#include <poll.h>
#include <unistd.h>

namespace annals::warehouse {
namespace {

int run(const std::string& log, const PostgresReadModelOptions& options, int lease) {
  auto events = open_log_event_store({.path = log, .access = LogOptions::Access::read_only});
  if (!events) return std::fprintf(stderr, "%s\n", to_string(events.error()).c_str()), 1;
  auto rows = open_postgres_read_models(options);
  if (!rows) return std::fprintf(stderr, "%s\n", to_string(rows.error()).c_str()), 1;
  ProjectionRunner runner(**events, **rows, {.lease = std::chrono::milliseconds(lease)});
  if (auto added = runner.add<Tally>(); !added) {
    return std::fprintf(stderr, "%s\n", to_string(added.error()).c_str()), 1;
  }
  std::string told;
  while (true) {
    const auto tally = *runner.status("tally");
    const std::string line = to_string(tally.position) + ' ' + std::to_string(tally.fenced) + ' ' +
                             std::string(to_string(tally.activity));
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
  if (argc < 5) return 2;
  annals::warehouse::stop_in_the_middle = argc > 5;
  return annals::warehouse::run(argv[1], {.url = argv[2], .schema = argv[3]}, std::atoi(argv[4]));
}
