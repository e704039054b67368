/// @file
/// A process of its own that fills a store and is killed: the writer of growth.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "bench_store.hpp"
#include "options.hpp"

namespace annals::bench {

/// Where the filling stood.
struct GrowthPoint {
  std::uint64_t events = 0;
  double events_per_second = 0;  ///< Since the point before.
  double rss_anon_mib = 0;       ///< Of the writer, which holds little beside the store.
};

struct Ingested {
  std::vector<GrowthPoint> points;
  double seconds = 0;  ///< Without opening.
  double bytes_per_sync = 0;
};

/// Calls are of so many events, and callers so many; sizes of stores are multiples of both.
inline constexpr unsigned ingest_callers = 4;
inline constexpr std::uint64_t ingest_batch = 1000;
/// Events to each stream of a call: ten, or all where there are too few streams for that, as a call
/// names a stream once.
inline std::uint64_t ingest_run(const Options& options) {
  return options.streams / ingest_callers < ingest_batch / 10 ? ingest_batch : 10;
}

/// Appends the events from Ingest::from to Ingest::to in another process, which then gets SIGKILL
/// with its store open, just after the last answer.
///
/// Errors: unavailable.
Result<Ingested> ingest_and_kill(const Options& options, const Ingest& work);

/// What that process does. Returns only if it fails.
int ingest_until_killed(const Options& options);

}  // namespace annals::bench
