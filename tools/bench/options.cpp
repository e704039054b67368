#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

#include <annals/eventstore/limits.hpp>

namespace annals::bench {

namespace {

namespace fs = std::filesystem;

template <typename Number>
std::optional<Number> parsed(std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(value >= least && value <= most)) return std::nullopt;
  return value;
}

Error wrong(const std::string& message) {
  return {.code = ErrorCode::invalid_argument, .message = message + " (see --help)"};
}

/// What stands between the commas.
std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

/// Takes one option; an empty text means that the value is right.
std::string take(Options& options, std::string_view name, std::string_view text) {
  const auto set = [&](auto& member, auto least, auto most) -> std::string {
    using Number = std::remove_reference_t<decltype(member)>;
    const auto value = parsed<Number>(text, static_cast<Number>(least), static_cast<Number>(most));
    if (!value) {
      return std::string(name) + " expects a number from " + std::to_string(least) + " to " +
             std::to_string(most) + ", not '" + std::string(text) + "'";
    }
    member = *value;
    return {};
  };
  if (name == "--workload") {
    options.workloads.emplace_back(text);
  } else if (name == "--out") {
    options.out = text;
  } else if (name == "--dir") {
    options.dir = text;
  } else if (name == "--peers") {
    options.no_peers = text == "none";
    options.engines = listed(text);
  } else if (name == "--sizes") {
    for (const std::string& size : listed(text)) {
      const auto value = parsed<std::uint64_t>(size, 1000, 1'000'000'000);
      if (!value || (!options.sizes.empty() && *value <= options.sizes.back())) {
        return "--sizes expects rising numbers from 1000 to 1000000000, not '" + std::string(text) +
               "'";
      }
      options.sizes.push_back(*value);
    }
  } else if (name == "--postgres") {
    options.postgres = text;
  } else if (name == "--kafka") {
    options.kafka = text;
  } else if (name == "--rdkafka-performance") {
    options.rdkafka_performance = text;
  } else if (name == "--message-db") {
    options.message_db = text;
  } else if (name == "--ingest") {
    options.ingest.engine = text;
  } else if (name == "--store") {
    options.ingest.store = text;
  } else if (name == "--from") {
    return set(options.ingest.from, 0, 1'000'000'000);
  } else if (name == "--to") {
    return set(options.ingest.to, 0, 1'000'000'000);
  } else if (name == "--seconds") {
    return set(options.seconds, 0.01, 3600.0);
  } else if (name == "--runs") {
    return set(options.runs, 1, 101);
  } else if (name == "--events") {
    return set(options.events, 100, 1'000'000'000);
  } else if (name == "--streams") {
    return set(options.streams, 4, 100'000'000);
  } else if (name == "--categories") {
    return set(options.categories, 1, 1'000'000);
  } else if (name == "--long-events") {
    return set(options.long_events, 1000, 100'000'000);
  } else if (name == "--partitions") {
    return set(options.partitions, 1, 16);
  } else if (name == "--tags") {
    return set(options.tags, 0, Limits::tag_count_max);
  } else if (name == "--event-bytes") {
    return set(options.event_bytes, 16, Limits{}.data_bytes_max);
  } else {
    return "there is no option '" + std::string(name) + "'";
  }
  return {};
}

/// The folder of the build that this program is in: its own is <build>/bin.
fs::path build_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path(".") : self.parent_path().parent_path();
}

}  // namespace

bool Options::wants(std::string_view engine) const {
  if (no_peers) return false;
  return engines.empty() || std::find(engines.begin(), engines.end(), engine) != engines.end();
}

Result<Options> parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "-h" || name == "--help") {
      options.help = true;
      continue;
    }
    if (!name.starts_with("--")) {
      options.workloads.emplace_back(name);
      continue;
    }
    std::string_view text;
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
      text = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < argc) {
      text = argv[++i];
    } else {
      return wrong("a value is missing after '" + std::string(name) + "'");
    }
    if (const std::string problem = take(options, name, text); !problem.empty()) {
      return wrong(problem);
    }
  }
  if (options.out.empty()) options.out = build_folder() / "bench" / "results.jsonl";
  if (options.dir.empty()) {
    options.dir = options.out.has_parent_path() ? options.out.parent_path() : fs::path(".");
  }
  return options;
}

std::string options_help() {
  return "  --workload NAME      measure only this one; again: these (also without --workload)\n"
         "  --seconds S          length of one measurement of one engine (2)\n"
         "  --runs N             how often each is measured, by turns; the median counts (3)\n"
         "  --events N           events in the store that is read (200000)\n"
         "  --streams N          streams that are written to (10000)\n"
         "  --categories N       categories that these streams are spread over (1)\n"
         "  --partitions N       of what is projected in PostgreSQL, each with a thread (1)\n"
         "  --tags N             tags of each event written, 0 to 16 (1)\n"
         "  --event-bytes N      data of each event written (256)\n"
         "  --long-events N      events of the long stream of as-of and last-10 (100000)\n"
         "  --sizes N,N,...      events in the store of growth, at which it is looked at\n"
         "                       (--events and five times as many)\n"
         "  --peers NAME,...     measure only these peers: sqlite, rocksdb, lmdb, or with "
         "--postgres\n"
         "                       category-lock, message-db, by-hand; or none (all)\n"
         "  --postgres URL       append-*, pipelined, bulk, project-* and rebuild in this "
         "database, "
         "beside\n"
         "                       what people do there by hand; nothing else\n"
         "  --message-db URL     message-db is in this database: a peer of append-*\n"
         "  --kafka BROKERS      relay-* to these brokers, beside librdkafka alone; nothing else.\n"
         "                       With --postgres: visible-* and project-kafka-* through both\n"
         "  --rdkafka-performance PROGRAM: librdkafka's own benchmark, a peer of relay-*\n"
         "  --dir DIR            the disk: stores are made in a new folder below DIR, and removed\n"
         "                       (the folder of --out)\n"
         "  --out FILE           JSON lines are added to FILE (bench/results.jsonl of the build)\n"
         "  --ingest ENGINE --store DIR --from N --to N: what growth starts; not for people\n";
}

}  // namespace annals::bench
