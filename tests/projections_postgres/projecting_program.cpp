// A process that projects a warehouse's log into PostgreSQL, until it is killed or its input ends.
//
//   postgres_projecting_program LOG URL SCHEMA LEASE-MS PARTITIONS [stop]
//
// With 1 partition it projects the tally, with more the stock, as one of several workers. With
// `stop` it stops itself in its first commit, between the rows and COMMIT. Prints a line with
// position, fenced commits and what it does, whenever one of them changes.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <annals/eventstore/log_event_store.hpp>

#include "projections/gate.hpp"
#include "projections/telling.hpp"
#include "tally.hpp"

namespace annals::warehouse {
namespace {

int run(const std::string& log, const PostgresReadModelOptions& options, int lease,
        std::uint32_t partitions, bool stop) {
  auto events = open_log_event_store({.path = log, .access = LogOptions::Access::read_only});
  if (!events) return std::fprintf(stderr, "%s\n", to_string(events.error()).c_str()), 1;
  auto rows = open_postgres_read_models(options);
  if (!rows) return std::fprintf(stderr, "%s\n", to_string(rows.error()).c_str()), 1;
  Gate gate(
      **rows, [] {},
      [stop] {
        if (stop) std::raise(SIGSTOP);
      });
  ProjectionRunner runner(**events, gate, {.lease = std::chrono::milliseconds(lease)});
  auto added = partitions > 1 ? runner.add<Stock>(partitions) : runner.add<Tally>();
  if (!added) return std::fprintf(stderr, "%s\n", to_string(added.error()).c_str()), 1;
  return tell_until_input_ends(runner);
}

}  // namespace
}  // namespace annals::warehouse

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  return annals::warehouse::run(argv[1], {.url = argv[2], .schema = argv[3]}, std::atoi(argv[4]),
                                static_cast<std::uint32_t>(std::atoi(argv[5])), argc > 6);
}
