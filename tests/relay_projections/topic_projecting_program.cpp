// A process that projects a warehouse's topic into a database, until it is killed or its input
// ends.
//
//   topic_projecting_program BROKERS TOPIC GROUP DATABASE LEASE-MS [stop-before-commit]
//
// DATABASE is a file of SQLite's, or postgres://…#SCHEMA. What can be shared by stream is shared by
// the processes of GROUP; the rest is projected from all partitions by whoever holds the lease, but
// not by one that is to stop: a second thread could then be frozen while it holds SQLite's lock.
// Prints a line whenever position, fenced commits or activity of the shared one change.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/relay/kafka_source.hpp>

#if ANNALS_WITH_POSTGRES
#include <annals/projections/postgres_read_model_store.hpp>
#endif

#include "join_group.hpp"
#include "per_stream.hpp"
#include "projections/gate.hpp"
#include "projections/telling.hpp"

namespace annals::warehouse {
namespace {

Result<std::unique_ptr<ReadModelStore>> open_database(const std::string& place) {
#if ANNALS_WITH_POSTGRES
  if (const std::size_t mark = place.find('#'); mark != std::string::npos) {
    return open_postgres_read_models(
        {.url = place.substr(0, mark), .schema = place.substr(mark + 1)});
  }
#endif
  return open_sqlite_read_models({.path = place});
}

int failed(const Error& error) {
  std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 1;
}

int run(char** words, const std::string& how) {
  auto rows = open_database(words[4]);
  if (!rows) return failed(rows.error());
  const auto lease = std::chrono::milliseconds(std::atoi(words[5]));
  Gate gate(**rows, [&] {
    if (how == "stop-before-commit") std::raise(SIGSTOP);
  });
  // As short as brokers allow, so that a frozen process is missed soon.
  auto source = make_kafka_source({.brokers = words[1],
                                   .topic = words[2],
                                   .group = words[3],
                                   .settings = {{"session.timeout.ms", "6000"},
                                                {"max.poll.interval.ms", "6000"},
                                                {"heartbeat.interval.ms", "300"}}});
  if (!source) return failed(source.error());
  ProjectionRunner shared(**source, gate, {.batch_events = 50, .lease = lease});
  ProjectionRunner whole(**source, **rows, {.batch_events = 200, .lease = lease});
  auto added = join_group<PerStream>(shared, **source);
  if (added && how.empty()) added = whole.add<Stock, Curses>();
  if (!added) return failed(added.error());
  return tell_until_input_ends(shared);
}

}  // namespace
}  // namespace annals::warehouse

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  return annals::warehouse::run(argv, argc > 6 ? argv[6] : "");
}
