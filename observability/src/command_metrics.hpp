#pragma once

#include <array>
#include <memory>
#include <string_view>

#include <annals/commands/command_bus.hpp>
#include <annals/observability/latency_histogram.hpp>
#include <annals/observability/metrics_text.hpp>

#include "series_table.hpp"

namespace annals::internal {

/// How long commands took, by name and outcome.
using CommandTimes = SeriesTable<std::array<LatencyHistogram, 5>>;

/// Times each command into `times`.
Interceptor timing_interceptor(std::shared_ptr<CommandTimes> times);

void add_metrics(MetricsText& text, std::string_view bus, const CommandTimes& times);
void add_metrics(MetricsText& text, std::string_view bus, const BusStats& stats);

}  // namespace annals::internal
