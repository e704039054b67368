#include "run_counters.hpp"

#include <array>
#include <utility>

namespace annals::simulation {
namespace {

using Counter = std::pair<const char*, std::uint64_t RunCounters::*>;

constexpr std::array counters_by_name{
    Counter{"lives", &RunCounters::lives},
    Counter{"steps", &RunCounters::steps},
    Counter{"acknowledged", &RunCounters::acknowledged},
    Counter{"refused rightly", &RunCounters::refused_rightly},
    Counter{"reads compared", &RunCounters::reads_compared},
    Counter{"events compared", &RunCounters::events_compared},
    Counter{"power losses", &RunCounters::power_losses},
    Counter{"process crashes", &RunCounters::process_crashes},
    Counter{"openings cut short", &RunCounters::openings_cut_short},
    Counter{"torn tails", &RunCounters::torn_tails},
    Counter{"appends that shared a group", &RunCounters::larger_groups},
    Counter{"segments rolled", &RunCounters::segments_rolled},
    Counter{"segments packed", &RunCounters::segments_packed},
    Counter{"repeats", &RunCounters::repeats},
    Counter{"doubts found", &RunCounters::doubts_found},
    Counter{"rewritten groups", &RunCounters::rewritten_groups},
    Counter{"failed syncs", &RunCounters::failed_syncs},
    Counter{"snapshots found", &RunCounters::snapshots_found},
    Counter{"heads trusted", &RunCounters::heads_trusted},
    Counter{"heads made anew", &RunCounters::heads_made_anew},
    Counter{"indexes made anew", &RunCounters::indexes_made_anew},
    Counter{"bits flipped", &RunCounters::bits_flipped},
    Counter{"copies compared", &RunCounters::copies_compared},
    Counter{"damage noticed", &RunCounters::damage_noticed},
};
static_assert(sizeof(RunCounters) == counters_by_name.size() * sizeof(std::uint64_t));

}  // namespace

RunCounters& RunCounters::operator+=(const RunCounters& other) {
  for (const auto& [name, counter] : counters_by_name) this->*counter += other.*counter;
  return *this;
}

std::string to_string(const RunCounters& counters) {
  std::string text;
  for (const auto& [name, counter] : counters_by_name) {
    text +=
        (text.empty() ? "" : ", ") + std::string(name) + ' ' + std::to_string(counters.*counter);
  }
  return text;
}

}  // namespace annals::simulation
