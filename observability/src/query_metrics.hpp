#pragma once

#include <array>
#include <memory>
#include <string_view>

#include <annals/observability/latency_histogram.hpp>
#include <annals/observability/metrics_text.hpp>
#include <annals/queries/query_bus.hpp>

#include "series_table.hpp"

namespace annals::internal {

/// How long queries took, by name, and by level of consistency and outcome.
using QueryTimes = SeriesTable<std::array<std::array<LatencyHistogram, 3>, 4>>;

/// Times each query into `times`.
QueryInterceptor timing_interceptor(std::shared_ptr<QueryTimes> times);

void add_metrics(MetricsText& text, std::string_view bus, const QueryTimes& times);
void add_metrics(MetricsText& text, std::string_view bus, const QueryStats& stats);

}  // namespace annals::internal
