#include "report.hpp"

#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <system_error>

#include <annals/eventstore/time.hpp>

namespace annals::bench {

namespace {

__attribute__((format(printf, 1, 2))) std::string formatted(const char* format, ...) {
  std::array<char, 512> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return text.data();
}

constexpr double mebibyte = 1024 * 1024;

std::string rate(double per_second) {
  const std::string digits = formatted("%.0f", per_second);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string ratio(double value) {
  if (value == 0) return "-";
  return formatted(value < 10 ? "%.2f" : "%.1f", value);
}

std::string now_text() {
  return to_string(
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

double divided(double a, double b) { return b > 0 ? a / b : 0; }

}  // namespace

std::string_view build_type() {
#if defined(NDEBUG) && defined(__OPTIMIZE__)
  return "release";
#else
  return "debug";
#endif
}

void print_title() {
  std::printf("%-19s %-14s %7s %7s %9s %12s %9s %9s %10s %8s %6s %9s\n", "workload", "engine",
              "callers", "a call", "streams", "events/s", "p50 us", "p99 us", "raw syncs",
              "raw p50", "/ raw", "annals / it");
  std::fflush(stdout);
}

void print_rows(const Comparison& rows) {
  const auto print = [&](const Measurement& m, const char* workload, const std::string& raw,
                         const std::string& raw_p50, const std::string& of_raw,
                         const std::string& ours) {
    std::printf("%-19s %-14s %7u %7llu %9llu %12s %9s %9s %10s %8s %6s %11s\n", workload,
                m.engine.c_str(), m.threads, static_cast<unsigned long long>(m.batch),
                static_cast<unsigned long long>(m.streams), rate(m.events_per_second).c_str(),
                formatted("%.1f", m.p50_us).c_str(), formatted("%.1f", m.p99_us).c_str(),
                raw.c_str(), raw_p50.c_str(), of_raw.c_str(), ours.c_str());
  };
  const Measurement& annals = rows.annals;
  const std::string raw = rows.writes ? rate(rows.raw.per_second) : "-";
  const double of_raw = rows.writes ? divided(annals.syncs_per_second, rows.raw.per_second) : 0;
  const std::string raw_p50 = rows.writes ? formatted("%.1f", rows.raw.p50_us) : "-";
  print(annals, rows.workload.c_str(), raw, raw_p50, ratio(of_raw), "");
  for (const Measurement& peer : rows.peers) {
    print(peer, "", "", "", "",
          ratio(divided(annals.events_per_second, peer.events_per_second)) + "x");
  }
  for (const Measurement& peer : rows.peers) {
    if (peer.cpu_us_per_event <= 0) continue;
    std::printf("%-19s processor time an event: %.2f us, %s %.2f us: %.2f of it\n", "",
                annals.cpu_us_per_event, peer.engine.c_str(), peer.cpu_us_per_event,
                divided(annals.cpu_us_per_event, peer.cpu_us_per_event));
  }
  if (rows.raw.sequential_bytes_per_second > 0) {
    const double ours = annals.events_per_second * static_cast<double>(annals.event_bytes);
    std::printf("%-19s %.0f MiB/s of data; the disk takes %.0f MiB/s in a row: %.2f of it\n", "",
                ours / mebibyte, rows.raw.sequential_bytes_per_second / mebibyte,
                divided(ours, rows.raw.sequential_bytes_per_second));
  }
  std::fflush(stdout);
}

void print_legend(const Options& options) {
  std::printf(
      "\nannals: %s engine, synced, hashes on, %u tags; %s build; medians of %u runs of %g s.\n"
      "raw syncs: write + fdatasync a second of as many bytes as annals writes for each sync, "
      "into\n"
      "  space zeroed before; raw p50: us of one of them. / raw: annals' syncs a second over that "
      "(1 is all the disk can do);\n"
      "  a sync carries one event with one waiting caller, and many with more.\n"
      "sqlite: WAL, synchronous=FULL; rocksdb: sync=true; lmdb: synced. The same work in the same "
      "run;\n"
      "  pipelined: 1,000 events a transaction. annals / it: events over events.\n"
      "relay-*: librdkafka: its producer in a bare loop, the same records, brokers and promises.\n"
      "visible-*: p50 and p99 from an append's return until its row can be read. project-kafka-*: "
      "annals-log:\n"
      "  the log itself, in as many partitions as there are consumers (threads).\n"
      "project-*, rebuild: into a SQLite file, WAL, synchronous=NORMAL, or with --postgres a table "
      "there;\n"
      "  sqlite, by-hand: the same, a transaction for each event (rebuild: one for all). query-*: "
      "answers a\n"
      "  second, one event an answer.\n",
      options.postgres.empty() || !options.kafka.empty() ? "log" : "postgres", options.tags,
      std::string(build_type()).c_str(), options.runs, options.seconds);
}

std::string json_lines(const Comparison& comparison, const Options& options) {
  const std::string when = now_text();
  std::string lines;
  std::vector<const Measurement*> engines{&comparison.annals};
  for (const Measurement& peer : comparison.peers) engines.push_back(&peer);
  for (const Measurement* m : engines) {
    lines += formatted(
        R"({"workload":"%s","engine":"%s","threads":%u,"batch":%llu,"event_bytes":%llu,)"
        R"("streams":%llu,"categories":%llu,"tags":%u,"events_per_second":%.1f,"p50_us":%.2f,)"
        R"("p99_us":%.2f,)",
        comparison.workload.c_str(), m->engine.c_str(), m->threads,
        static_cast<unsigned long long>(m->batch), static_cast<unsigned long long>(m->event_bytes),
        static_cast<unsigned long long>(m->streams),
        static_cast<unsigned long long>(options.categories), options.tags, m->events_per_second,
        m->p50_us, m->p99_us);
    lines += formatted(
        R"("syncs_per_second":%.1f,"bytes_per_sync":%.0f,"raw_fdatasync_per_second":%.1f,)"
        R"("raw_growing_fdatasync_per_second":%.1f,"raw_p50_us":%.2f,"raw_bytes":%llu,)",
        m->syncs_per_second, m->bytes_per_sync, comparison.raw.per_second,
        comparison.raw.growing_per_second, comparison.raw.p50_us,
        static_cast<unsigned long long>(comparison.raw_bytes));
    if (comparison.raw.sequential_bytes_per_second > 0) {
      lines += formatted(R"("raw_sequential_mib_per_second":%.1f,)",
                         comparison.raw.sequential_bytes_per_second / mebibyte);
    }
    if (m->appends_beside_per_second) {
      lines += formatted(R"("appends_beside_per_second":%.1f,)", *m->appends_beside_per_second);
    }
    if (m->cpu_us_per_event > 0) {
      lines += formatted(R"("cpu_us_per_event":%.3f,)", m->cpu_us_per_event);
    }
    const bool log = m == &comparison.annals;
    const char* usual = log ? "synced" : "wal, synchronous=full";
    lines +=
        formatted(R"("build":"%s","durability":"%s","hashes":%s,"runs":%u,"seconds":%g,"at":"%s"})"
                  "\n",
                  std::string(build_type()).c_str(), m->durability ? m->durability : usual,
                  log ? "true" : "false", options.runs, options.seconds, when.c_str());
  }
  return lines;
}

void print_growth_title() {
  std::printf("\n%-10s %-8s %10s %9s %8s %9s | %-31s | %s\n", "growth", "engine", "events",
              "events/s", "anon MiB", "raw syncs", "open ms: killed clean cold anew",
              "last 10, us: warm p50, p99; cold p50, p99");
  std::fflush(stdout);
}

void print_growth_row(const GrowthRow& row) {
  const std::string anew =
      row.open_rebuilt_ms > 0 ? formatted("%.1f", row.open_rebuilt_ms) : std::string("-");
  std::printf("%-10s %-8s %10llu %9s %8.1f %9s | %7.1f %7.1f %7.1f %7s | %.1f %.1f %.1f %.1f\n",
              "growth", row.engine.c_str(), static_cast<unsigned long long>(row.events),
              rate(row.events_per_second).c_str(), row.ingested.points.back().rss_anon_mib,
              rate(row.raw.per_second).c_str(), row.open_killed_ms, row.open_clean_ms,
              row.open_cold_ms, anew.c_str(), row.warm_p50_us, row.warm_p99_us, row.cold_p50_us,
              row.cold_p99_us);
  std::fflush(stdout);
}

std::string growth_lines(const GrowthRow& row, const Options& options) {
  const std::string engine = formatted(
      R"("engine":"%s","threads":%u,"batch":%llu,"event_bytes":%u,"streams":%llu,"tags":%u,)",
      row.engine.c_str(), ingest_callers, static_cast<unsigned long long>(ingest_batch),
      options.event_bytes, static_cast<unsigned long long>(options.streams), options.tags);
  const std::string build = formatted(R"("build":"%s","durability":"%s","hashes":%s,"at":"%s"})"
                                      "\n",
                                      std::string(build_type()).c_str(), row.durability.c_str(),
                                      row.engine == "log" ? "true" : "false", now_text().c_str());
  std::string lines;
  for (const GrowthPoint& point : row.ingested.points) {
    lines += R"({"workload":"growth",)" + engine +
             formatted(R"("events":%llu,"events_per_second":%.1f,"rss_anon_mib":%.1f,)",
                       static_cast<unsigned long long>(point.events), point.events_per_second,
                       point.rss_anon_mib) +
             build;
  }
  lines += R"({"workload":"open",)" + engine +
           formatted(R"("events":%llu,"events_per_second":%.1f,"raw_fdatasync_per_second":%.1f,)",
                     static_cast<unsigned long long>(row.events), row.events_per_second,
                     row.raw.per_second);
  lines += formatted(R"("open_killed_ms":%.2f,"open_clean_ms":%.2f,"open_cold_ms":%.2f,)",
                     row.open_killed_ms, row.open_clean_ms, row.open_cold_ms);
  if (row.open_rebuilt_ms > 0)
    lines += formatted(R"("open_rebuilt_ms":%.2f,)", row.open_rebuilt_ms);
  lines += formatted(
      R"("last_10_warm_p50_us":%.1f,"last_10_warm_p99_us":%.1f,"last_10_cold_p50_us":%.1f,)"
      R"("last_10_cold_p99_us":%.1f,)",
      row.warm_p50_us, row.warm_p99_us, row.cold_p50_us, row.cold_p99_us);
  return lines + build;
}

Result<void> append_to_file(const std::filesystem::path& file, std::string_view lines) {
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  std::ofstream out(file, std::ios::app | std::ios::binary);
  out << lines << std::flush;
  if (!out) {
    return Error{.code = ErrorCode::unavailable, .message = "cannot write " + file.string()};
  }
  return {};
}

}  // namespace annals::bench
