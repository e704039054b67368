#pragma once

#include <span>
#include <string_view>

#include <annals/observability/metrics_text.hpp>
#include <annals/observability/observability.hpp>
#include <annals/projections/projection_runner.hpp>

namespace annals::internal {

void add_metrics(MetricsText& text, std::string_view runner, const ProjectionStatus& status);

/// Whether all of them are at work and near the head. Errors: unavailable, which says which is not,
/// and why.
Result<void> check_projections(std::span<const ProjectionStatus> projections,
                               const ObservabilityOptions& options);

}  // namespace annals::internal
