/// @file
/// What is printed, and what is kept as JSON lines.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

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

/// Errors: unavailable.
Result<void> append_to_file(const std::filesystem::path& file, std::string_view lines);

}  // namespace annals::bench
