/// @file
/// What is printed, and what is kept as JSON lines.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "ingest.hpp"
#include "measurement.hpp"
#include "options.hpp"
#include "raw_disk.hpp"

namespace annals::bench {

/// One workload's medians.
struct Comparison {
  std::string workload;
  bool writes = false;  ///< Each call ends in a sync.
  Measurement annals = {};
  std::vector<Measurement> peers = {};
  RawRate raw = {};             ///< With raw_bytes a write.
  std::uint64_t raw_bytes = 0;  ///< As many as annals wrote for each of its syncs.
};

/// "release", or "debug" where assertions of the standard library or no optimisation slow it down.
std::string_view build_type();

/// Prints the title line of the table.
void print_title();
/// Prints a row for each engine.
void print_rows(const Comparison& comparison);
/// Explains the columns.
void print_legend(const Options& options);

/// A line for each engine.
std::string json_lines(const Comparison& comparison, const Options& options);

/// One engine's store at one size.
struct GrowthRow {
  std::string engine;
  std::string durability;
  std::uint64_t events = 0;
  Ingested ingested = {};
  double events_per_second = 0;  ///< From the size before to this one.
  RawRate raw = {};              ///< With as many bytes a write as the log wrote for each sync.
  // Until the first answer, in milliseconds:
  double open_killed_ms = 0;   ///< After SIGKILL of the writer, same boot.
  double open_clean_ms = 0;    ///< After a clean stop, files in memory.
  double open_cold_ms = 0;     ///< After a clean stop, files not in memory.
  double open_rebuilt_ms = 0;  ///< Of the log: after heads and indexes were removed.
  // The last ten events of a stream:
  double warm_p50_us = 0;
  double warm_p99_us = 0;
  double cold_p50_us = 0;
  double cold_p99_us = 0;
};

void print_growth_title();
void print_growth_row(const GrowthRow& row);
/// Lines of workload "growth" for the points of the way, and one of "open".
std::string growth_lines(const GrowthRow& row, const Options& options);

/// Errors: unavailable.
Result<void> append_to_file(const std::filesystem::path& file, std::string_view lines);

}  // namespace annals::bench
