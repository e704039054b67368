// annals-bench: annals beside the bare disk and beside SQLite, RocksDB and LMDB, in the same run.
//
//   append-1            one caller waits for each append of one event
//   append-16, -64, -256  so many callers do
//   pipelined           one caller keeps 16,384 appends of one event in flight
//   bulk                4 callers wait for each append of 1,000 events, ten to each of 100 streams
//   large               4 callers wait for each append of 64 events of 16 KiB
//   load                reads streams of 100 events that lie scattered, warm
//   replay              reads all events in order
//   as-of-version       finds the event of a version in one long stream among many short ones
//   as-of-time          finds the last event of that stream recorded up to a time
//   as-of-state         folds what it had come to at a version, from a snapshot before it
//   last-10             reads the newest ten events of a stream, backward
//   read-category       reads 100 events of one of 100 categories, from anywhere
//   read-type           of one of ten types
//   read-tag            all 100 events with a tag
//   cold-1, -100        reads one event anywhere, or 100 of an account scattered over the log, from
//                       complete segments that are not in memory (their index is)
//   cold-…-packed       the same two from compressed segments, no block of which is kept
//   fold                folds bank accounts of 10,000 events from their JSON, no snapshots
//   commands-1          one caller waits for each typed command: load, decide, append, durable
//   commands-pipelined  one caller keeps 16,384 typed commands in flight
//   project-1           projects all events, each exactly once, into a SQLite table of one row
//   project-10          of 10 rows
//   project-100000      of 100,000 rows
//   project-one         a projector's transaction with one event: load the row, write it, commit
//   rebuild             makes a read model anew beside the old one, and puts it in its place
//   query-eventual      asks a read model for one row, as it is
//   query-at-least      appends, then asks with the receipt's token; from the append's return on
//   query-strong        asks for all that had been appended
//   query-load          folds an account of 100 events at the head of the log, no snapshots
//   query-as-of         asks for one row as of the middle of the log; the cut is in the cache
//   query-…-busy        the same five while another thread makes 1,000 appends a second, which are
//                       projected at the same time
//   relay-1, relay-12   publishes all events to a new Kafka topic of so many partitions
//   relay-delay-1000, -10000  how long after an append has returned a consumer has its record, at
//                       so many appends a second
//   visible-1000, -10000  how long after an append has returned its row can be read in PostgreSQL,
//                       by way of relay, topic and a consumer, at so many appends a second
//   project-kafka-1 to -4  projects a topic of 12 partitions into a PostgreSQL table of --streams
//                       rows, by so many consumers in a group; and the log itself, in so many
//                       partitions
//   growth              fills a store to each of --sizes by 4 callers with 1,000 events a call, in
//                       a process that is killed then; how long opening takes after that, after a
//                       clean stop, from a disk that is not in memory, without heads and indexes;
//                       and the last ten events of streams, warm and cold
//
// Each runs by turns with the raw disk (write + fdatasync of as many bytes as annals wrote for each
// sync) and with the peers, each durable in the same way: SQLite (WAL, synchronous=FULL), RocksDB
// (sync=true) and LMDB (synced), if this program was built with them; read models, queries, folds
// and commands only with SQLite. With --postgres append-1, -16, -64, pipelined, bulk, project-* and
// rebuild are measured in that database beside what people do in it by hand, and with --message-db
// beside message-db. With --kafka relay-* is measured beside librdkafka's producer in a bare loop;
// with both visible-* and project-kafka-*. The median of the runs counts. Writing workloads start
// with an empty store, and pay for the space that they take while they run. What is measured is the
// log engine as users get it: every append durable, hashed and linked, and indexed by stream,
// category, type and tags. Figures in documents come from this program.

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "event_peer.hpp"
#include "growth.hpp"
#include "ingest.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "raw_disk.hpp"
#include "report.hpp"
#include "scratch_folder.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

using Maker = std::unique_ptr<Workload> (*)();

// In the order of the table above.
constexpr std::pair<const char*, Maker> workloads[] = {
    {"append-1", [] { return make_append(1); }},
    {"append-16", [] { return make_append(16); }},
    {"append-64", [] { return make_append(64); }},
    {"append-256", [] { return make_append(256); }},
    {"pipelined", make_pipelined},
    {"bulk", make_bulk},
    {"large", make_large},
    {"load", make_load},
    {"replay", make_replay},
    {"as-of-version", make_as_of_version},
    {"as-of-time", make_as_of_time},
    {"as-of-state", make_as_of_state},
    {"last-10", make_last_ten},
    {"read-category", make_read_category},
    {"read-type", make_read_type},
    {"read-tag", make_read_tag},
    {"cold-1", [] { return make_cold(Cold::event, false); }},
    {"cold-1-packed", [] { return make_cold(Cold::event, true); }},
    {"cold-100", [] { return make_cold(Cold::account, false); }},
    {"cold-100-packed", [] { return make_cold(Cold::account, true); }},
    {"fold", make_fold},
    {"commands-1", [] { return make_commands(false); }},
    {"commands-pipelined", [] { return make_commands(true); }},
    {"project-1", [] { return make_project(1); }},
    {"project-10", [] { return make_project(10); }},
    {"project-100000", [] { return make_project(100'000); }},
    {"project-one", make_project_one},
    {"rebuild", make_rebuild},
    {"query-eventual", [] { return make_query(Asked::eventual, false); }},
    {"query-at-least", [] { return make_query(Asked::at_least, false); }},
    {"query-strong", [] { return make_query(Asked::strong, false); }},
    {"query-load", [] { return make_query(Asked::load, false); }},
    {"query-as-of", [] { return make_query(Asked::as_of, false); }},
    {"query-eventual-busy", [] { return make_query(Asked::eventual, true); }},
    {"query-at-least-busy", [] { return make_query(Asked::at_least, true); }},
    {"query-strong-busy", [] { return make_query(Asked::strong, true); }},
    {"query-load-busy", [] { return make_query(Asked::load, true); }},
    {"query-as-of-busy", [] { return make_query(Asked::as_of, true); }},
};

// With --postgres: what a database is used for.
constexpr std::pair<const char*, Maker> postgres_workloads[] = {
    {"append-1", [] { return make_append(1); }},
    {"append-16", [] { return make_append(16); }},
    {"append-64", [] { return make_append(64); }},
    {"pipelined", make_pipelined},
    {"bulk", make_bulk},
    {"project-1", [] { return make_postgres_project(1); }},
    {"project-10", [] { return make_postgres_project(10); }},
    {"project-100000", [] { return make_postgres_project(100'000); }},
    {"rebuild", make_postgres_rebuild},
};

// With --kafka.
constexpr std::pair<const char*, Maker> kafka_workloads[] = {
    {"relay-1", [] { return make_relay_to_kafka(1); }},
    {"relay-12", [] { return make_relay_to_kafka(12); }},
    {"relay-delay-1000", [] { return make_relay_delay(1'000); }},
    {"relay-delay-10000", [] { return make_relay_delay(10'000); }},
};

// With both.
constexpr std::pair<const char*, Maker> kafka_and_postgres_workloads[] = {
    {"visible-1000", [] { return make_visible(1'000); }},
    {"visible-10000", [] { return make_visible(10'000); }},
    {"project-kafka-1", [] { return make_kafka_project(1); }},
    {"project-kafka-2", [] { return make_kafka_project(2); }},
    {"project-kafka-3", [] { return make_kafka_project(3); }},
    {"project-kafka-4", [] { return make_kafka_project(4); }},
};

std::span<const std::pair<const char*, Maker>> workloads_of(const Options& options) {
  if (!options.kafka.empty() && !options.postgres.empty()) return kafka_and_postgres_workloads;
  if (!options.kafka.empty()) return kafka_workloads;
  if (options.postgres.empty()) return workloads;
  return postgres_workloads;
}

// From here on what counts is how many bytes the disk takes, not how many syncs.
constexpr std::uint64_t large_event_bytes = 4096;

// Not measured for a time but up to a size, so not one of those above.
constexpr const char* growth = "growth";

Result<Comparison> compare(Workload& workload, const Context& context) {
  const Options& options = context.options;
  Comparison comparison{.workload = std::string(workload.name()), .writes = workload.writes()};
  // Of reads the raw rate is only a remark about the machine: measured with pages, and shortly.
  constexpr double page_bytes = 4096;
  const double raw_seconds = workload.writes() ? options.seconds : options.seconds / 10;
  std::vector<Measurement> annals;
  std::vector<std::vector<Measurement>> peers;  // Of each engine, its runs.
  std::vector<RawRate> raw;
  for (unsigned run = 0; run < options.runs && !interrupted(); ++run) {
    auto ours = workload.annals(context);
    if (!ours) return std::move(ours).error();
    if (run == 0) {
      comparison.raw_bytes =
          static_cast<std::uint64_t>(ours->bytes_per_sync > 0 ? ours->bytes_per_sync : page_bytes);
    }
    auto disk = measure_raw_disk(context.scratch.path() / "raw", comparison.raw_bytes, raw_seconds);
    if (!disk) return std::move(disk).error();
    if (workload.writes() && ours->event_bytes >= large_event_bytes) {
      auto sequential =
          measure_sequential_writes(context.scratch.path() / "raw", options.seconds / 2);
      if (!sequential) return std::move(sequential).error();
      disk->sequential_bytes_per_second = *sequential;
    }
    auto theirs = workload.peers(context);
    if (!theirs) return std::move(theirs).error();
    peers.resize(theirs->size());
    for (std::size_t i = 0; i < theirs->size(); ++i) peers[i].push_back(std::move((*theirs)[i]));
    annals.push_back(std::move(*ours));
    raw.push_back(*disk);
  }
  if (annals.empty()) return Error{.code = ErrorCode::timeout, .message = "interrupted"};
  comparison.annals = median(std::move(annals));
  for (auto& runs : peers) comparison.peers.push_back(median(std::move(runs)));
  comparison.raw = median(raw);
  return comparison;
}

Result<void> run(const Options& options) {
  for (const std::string& name : options.workloads) {
    const auto there = workloads_of(options);
    const bool known = (name == growth && options.embedded()) ||
                       std::any_of(there.begin(), there.end(),
                                   [&](const auto& workload) { return name == workload.first; });
    if (!known) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "there is no workload '" + name + "'" +
                              (options.embedded() ? "" : " of the servers that were named") +
                              " (see --help)"};
    }
  }
  auto scratch = ScratchFolder::make(options.dir);
  if (!scratch) return std::move(scratch).error();
  if (scratch->in_memory()) {
    std::fprintf(stderr,
                 "annals-bench: warning: %s is in memory; syncs cost nothing there and the figures "
                 "say nothing about durable appends (give a disk with --dir)\n",
                 options.dir.c_str());
  }
  if (build_type() == "debug") {
    std::fputs(
        "annals-bench: warning: THIS IS A DEBUG BUILD. Its figures say nothing about annals; build "
        "with cmake --preset release.\n",
        stderr);
  }
  const auto wanted = [&](std::string_view name) {
    return options.workloads.empty() ||
           std::find(options.workloads.begin(), options.workloads.end(), name) !=
               options.workloads.end();
  };
  const Context context{options, *scratch};
  if (options.embedded()) std::fputs(missing_peers().c_str(), stdout);
  print_title();
  for (const auto& [name, make] : workloads_of(options)) {
    if (interrupted()) break;
    if (!wanted(name)) continue;
    const auto comparison = compare(*make(), context);
    if (!comparison) {
      Error error = comparison.error();
      error.message = std::string(name) + ": " + error.message;
      return error;
    }
    print_rows(*comparison);
    if (auto kept = append_to_file(options.out, json_lines(*comparison, options)); !kept) {
      return kept;
    }
  }
  if (wanted(growth) && options.embedded() && !interrupted()) {
    if (auto grown = measure_growth(options, *scratch); !grown) return grown;
  }
  print_legend(options);
  std::printf("JSON lines: %s\n", options.out.c_str());
  return {};
}

std::string help() {
  std::string text =
      "Measures annals beside the bare disk and beside SQLite, RocksDB and LMDB, in the same run.\n"
      "Usage: annals-bench [OPTIONS] [WORKLOAD...]\n\nWorkloads (all, unless some are named):";
  for (const auto& [name, make] : workloads) text += " " + std::string(name);
  text += " " + std::string(growth);
  return text + "\n\n" + options_help();
}

}  // namespace

}  // namespace annals::bench

int main(int argc, char** argv) {
  using namespace annals::bench;
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "annals-bench: %s\n", options.error().message.c_str());
    return 2;
  }
  if (options->help) {
    std::fputs(help().c_str(), stdout);
    return 0;
  }
  if (!options->ingest.engine.empty()) return ingest_until_killed(*options);
  catch_interrupts();
  if (const auto done = run(*options); !done) {
    std::fprintf(stderr, "annals-bench: %s\n", to_string(done.error()).c_str());
    return done.error().code == annals::ErrorCode::invalid_argument ? 2 : 1;
  }
  return interrupted() ? 130 : 0;
}
