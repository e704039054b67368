/// @file
/// What the disk can do without any store: the bare loop of write and fdatasync.

#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <annals/eventstore/result.hpp>

namespace annals::bench {

struct RawRate {
  /// Writes a second, each synced, into a file whose space was zeroed and synced before: the most
  /// that a log can reach, and what results are divided by.
  double per_second = 0;
  double p50_us = 0;  ///< Of those writes: half of them took less, whatever disturbed the others.
  /// The same at the end of a file that grows, as a plain journal does: each sync also commits the
  /// new size.
  double growing_per_second = 0;
  /// Bytes a second at the end of a new file in writes of 1 MiB, synced at the end. Where it was
  /// asked for.
  double sequential_bytes_per_second = 0;
};

/// The middle of each rate. REQUIRES: not empty.
RawRate median(const std::vector<RawRate>& runs);

/// Measures for about `seconds` with `bytes` a write. Zeroing is not counted.
///
/// Errors: unavailable.
Result<RawRate> measure_raw_disk(const std::filesystem::path& file, std::uint64_t bytes,
                                 double seconds);

/// Measures RawRate::sequential_bytes_per_second. Errors: unavailable.
Result<double> measure_sequential_writes(const std::filesystem::path& file, double seconds);

}  // namespace annals::bench
