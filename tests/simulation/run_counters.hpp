#pragma once

#include <cstdint>
#include <string>

namespace annals::simulation {

/// What happened in runs, so that a simulation that stops doing its work is noticed.
struct RunCounters {
  std::uint64_t lives = 0;  ///< Times that the store was opened.
  std::uint64_t steps = 0;  ///< Operations on the store.
  std::uint64_t acknowledged = 0;
  std::uint64_t refused_rightly = 0;  ///< By a condition or version that did not hold.
  std::uint64_t reads_compared = 0;
  std::uint64_t events_compared = 0;  ///< In those reads.
  std::uint64_t power_losses = 0;
  std::uint64_t process_crashes = 0;
  std::uint64_t openings_cut_short = 0;  ///< The machine went off while the store was opening.
  std::uint64_t torn_tails = 0;
  std::uint64_t larger_groups = 0;  ///< Groups' appends beyond the first.
  std::uint64_t segments_rolled = 0;
  std::uint64_t segments_packed = 0;  ///< After the store was opened.
  std::uint64_t repeats = 0;
  std::uint64_t doubts_found = 0;  ///< Appends without an answer that are there all the same.
  std::uint64_t rewritten_groups = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t snapshots_found = 0;
  std::uint64_t heads_trusted = 0;    ///< Openings that went on with the table of streams' ends.
  std::uint64_t heads_made_anew = 0;  ///< Openings that did not believe the one that was there.
  std::uint64_t indexes_made_anew = 0;
  std::uint64_t bits_flipped = 0;
  std::uint64_t copies_compared = 0;
  std::uint64_t damage_noticed = 0;  ///< In damaged copies.

  RunCounters& operator+=(const RunCounters& other);
};

std::string to_string(const RunCounters& counters);

}  // namespace annals::simulation
