#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/planted_bug.hpp"
#include "run_counters.hpp"

namespace annals::simulation {

/// How much a run does.
struct RunSize {
  std::uint64_t lives_min = 2;  ///< And up to three more.
  std::uint64_t steps_min = 3;  ///< Of a life; and up to five times as many.
  std::uint64_t run_steps = 0;  ///< Lives go on until there were so many.
  std::uint64_t streams = 40;   ///< Names there are.
};

/// Many short lives: most of what can go wrong happens at their ends.
inline constexpr RunSize short_run{};
/// Fewer ends and a larger store: some thousand streams, ten and more segments.
inline constexpr RunSize long_run{
    .lives_min = 3, .steps_min = 60, .run_steps = 1'000, .streams = 6'000};

struct RunOutcome {
  std::optional<std::string> violation;  ///< Of a promise.
  RunCounters counters;
};

/// One disk, one store, several lives that end in crashes and failures; all of it follows from
/// `seed`. After each life the store is opened again and compared with what the world knows, and so
/// are the answers to many reads.
RunOutcome run_power_loss(std::uint64_t seed, internal::PlantedBug bug,
                          const RunSize& size = short_run);

}  // namespace annals::simulation
