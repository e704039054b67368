#include "command_metrics.hpp"

#include <chrono>
#include <utility>

namespace annals::internal {

namespace {

using enum MetricType;
using SteadyClock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 5> command_outcomes{"accepted", "no_events", "repeated",
                                                           "rejected", "failed"};

std::size_t outcome_of(const Result<CommandReceipt>& answer) {
  if (!answer) return answer.error().code == ErrorCode::rejected ? 3 : 4;
  if (answer->repeated()) return 2;
  return answer->no_events ? 1 : 0;
}

constexpr MetricFamily<3> command_duration{"annals_command_duration_seconds",
                                           histogram,
                                           "How long commands took, from the call to the answer",
                                           {"bus", "command", "outcome"}};
constexpr MetricFamily<2> answered{
    "annals_commands_total", counter, "Commands answered", {"bus", "outcome"}};

struct OfBusStats {
  MetricFamily<1> family;
  std::uint64_t (*value)(const BusStats&);
};
constexpr std::array<OfBusStats, 12> of_bus_stats{{
    {{"annals_commands_sent_total", counter, "Commands taken in, whatever came of them", {"bus"}},
     [](const BusStats& s) { return s.sent; }},
    {{"annals_commands_in_flight", gauge, "Commands of send_async not answered yet", {"bus"}},
     [](const BusStats& s) { return s.in_flight; }},
    {{"annals_command_retries_total", counter, "Tries that another writer made void", {"bus"}},
     [](const BusStats& s) { return s.conflicts; }},
    {{"annals_command_state_hits_total", counter, "States found in the cache", {"bus"}},
     [](const BusStats& s) { return s.cache_hits; }},
    {{"annals_command_state_misses_total", counter, "States not found in the cache", {"bus"}},
     [](const BusStats& s) { return s.cache_misses; }},
    {{"annals_command_states_cached", gauge, "States in the cache", {"bus"}},
     [](const BusStats& s) { return s.cached_states; }},
    {{"annals_state_loads_total", counter, "Streams loaded", {"bus"}},
     [](const BusStats& s) { return s.loads.loads; }},
    {{"annals_state_events_folded_total", counter, "Events folded into states", {"bus"}},
     [](const BusStats& s) { return s.loads.events_folded; }},
    {{"annals_state_snapshot_hits_total", counter, "Loads that began at a snapshot", {"bus"}},
     [](const BusStats& s) { return s.loads.snapshot_hits; }},
    {{"annals_state_snapshots_saved_total", counter, "Snapshots of states saved", {"bus"}},
     [](const BusStats& s) { return s.loads.snapshots_saved; }},
    {{"annals_state_snapshots_ignored_total", counter, "Snapshots that could not be read", {"bus"}},
     [](const BusStats& s) { return s.loads.snapshots_ignored; }},
    {{"annals_state_snapshots_dropped_total",
      counter,
      "Snapshots not saved, since too many were waiting or the store refused",
      {"bus"}},
     [](const BusStats& s) { return s.loads.snapshots_dropped; }},
}};

}  // namespace

Interceptor timing_interceptor(std::shared_ptr<CommandTimes> times) {
  return [times = std::move(times)](CommandContext& context) -> Result<void> {
    // The interceptor lives as long as the bus, and so do the times. A pointer and a time fit into
    // a std::function without an allocation.
    auto* const series = &times->at(context.command());
    context.when_answered([series, begin = SteadyClock::now()](const auto& answer) {
      (*series)[outcome_of(answer)].count_since(begin);
    });
    return {};
  };
}

void add_metrics(MetricsText& text, std::string_view bus, const CommandTimes& times) {
  times.for_each([&](std::string_view command, const auto& histograms) {
    for (std::size_t i = 0; i < command_outcomes.size(); ++i) {
      const LatencyCounts counts = histograms[i].counts();
      if (counts.count() > 0)
        text.add(command_duration, {bus, command, command_outcomes[i]}, counts);
    }
  });
}

void add_metrics(MetricsText& text, std::string_view bus, const BusStats& stats) {
  for (const auto& [family, value] : of_bus_stats) text.add(family, {bus}, value(stats));
  const std::array<std::uint64_t, command_outcomes.size()> counts{
      stats.accepted, stats.no_events, stats.repeated, stats.rejected, stats.failed};
  for (std::size_t i = 0; i < command_outcomes.size(); ++i) {
    text.add(answered, {bus, command_outcomes[i]}, counts[i]);
  }
}

}  // namespace annals::internal
