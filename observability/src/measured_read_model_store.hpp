#pragma once

#include <array>
#include <memory>
#include <string_view>

#include <annals/observability/latency_histogram.hpp>
#include <annals/observability/metrics_text.hpp>
#include <annals/projections/read_model_store.hpp>

#include "series_table.hpp"

namespace annals::internal {

/// How long the commits of each projection took: committed, fenced, failed.
using CommitTimes = SeriesTable<std::array<LatencyHistogram, 3>>;

void add_metrics(MetricsText& text, std::string_view read_models, const CommitTimes& times);

/// `rows` with its commits timed.
std::unique_ptr<ReadModelStore> make_measured_read_model_store(ReadModelStore& rows,
                                                               std::shared_ptr<CommitTimes> times);

}  // namespace annals::internal
