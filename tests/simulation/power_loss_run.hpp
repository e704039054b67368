#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace annals::simulation {

/// An engine's mistake, made on purpose to see that the simulation notices.
enum class Mistake : std::uint8_t {
  none,
  sync_taken_out,
  mark_before_sync,
  trust_tail_after_failed_sync,
};

std::string to_string(Mistake mistake);
/// How tests show it.
void PrintTo(Mistake mistake, std::ostream* out);

/// What happened in runs, so that a simulation that stops doing its work is noticed.
struct RunCounters {
  std::uint64_t lives = 0;  ///< Times that the store was opened.
  std::uint64_t acknowledged = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t process_crashes = 0;
  std::uint64_t openings_cut_short = 0;  ///< The machine went off while the store was opening.
  std::uint64_t torn_tails = 0;
  std::uint64_t larger_groups = 0;  ///< Lives in which a group held more than one append.
  std::uint64_t segments_rolled = 0;
  std::uint64_t repeats = 0;
  std::uint64_t doubts_found = 0;  ///< Appends without an answer that are there all the same.
  std::uint64_t rewritten_groups = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t snapshots_found = 0;

  RunCounters& operator+=(const RunCounters& other);
};

std::string to_string(const RunCounters& counters);

struct RunOutcome {
  std::optional<std::string> violation;  ///< Of a promise.
  RunCounters counters;
};

/// One disk, one store, several lives that end in crashes and failures; all of it follows from
/// `seed`. After each life the store is opened again and compared with what the world knows.
RunOutcome run_power_loss(std::uint64_t seed, Mistake mistake);

}  // namespace annals::simulation
