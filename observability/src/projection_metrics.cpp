#include "projection_metrics.hpp"

#include <array>
#include <string>

#include "seconds_text.hpp"

namespace annals::internal {

namespace {

using enum MetricType;

struct OfStatus {
  MetricFamily<2> family;
  std::uint64_t (*value)(const ProjectionStatus&);
};
constexpr std::array<OfStatus, 9> of_status{{
    {{"annals_projection_position",
      gauge,
      "Everything up to here is in the rows",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.position.value; }},
    {{"annals_projection_head_position",
      gauge,
      "The log's end, as the projection sees it",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.head.value; }},
    {{"annals_projection_lag_events",
      gauge,
      "Events of any kind between the two",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.lag_events; }},
    {{"annals_projection_epoch",
      gauge,
      "The highest epoch of the partitions held here",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.epoch; }},
    {{"annals_projection_parked_keys",
      gauge,
      "Rows that have fallen behind, held here",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.parked_keys; }},
    {{"annals_projection_parked_events",
      gauge,
      "Events that are parked for them",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.parked_events; }},
    {{"annals_projection_events_applied_total",
      counter,
      "Events that touched rows",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.events_applied; }},
    {{"annals_projection_retries_total",
      counter,
      "Failures after which it was tried again",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.retries; }},
    {{"annals_projection_fenced_commits_total",
      counter,
      "Commits refused because somebody else had taken over",
      {"runner", "projection"}},
     [](const ProjectionStatus& s) { return s.fenced; }},
}};

constexpr MetricFamily<2> lag_seconds{"annals_projection_lag_seconds",
                                      gauge,
                                      "How long the oldest event not yet applied has been waiting",
                                      {"runner", "projection"}};
constexpr MetricFamily<2> held_up_seconds{"annals_projection_held_up_seconds",
                                          gauge,
                                          "How long it has been starting or retrying; 0: it is not",
                                          {"runner", "projection"}};
constexpr MetricFamily<3> activity{"annals_projection_activity",
                                   gauge,
                                   "1 for what it does now, of its partitions here the worst off",
                                   {"runner", "projection", "activity"}};
constexpr MetricFamily<4> partition_activity{"annals_projection_partition_activity",
                                             gauge,
                                             "1 for what the partition does now",
                                             {"runner", "projection", "partition", "activity"}};
constexpr MetricFamily<3> partition_position{"annals_projection_partition_position",
                                             gauge,
                                             "Everything up to here is in the partition's rows",
                                             {"runner", "projection", "partition"}};
constexpr MetricFamily<3> partition_epoch{"annals_projection_partition_epoch",
                                          gauge,
                                          "Its epoch; 0: it is not held here",
                                          {"runner", "projection", "partition"}};

constexpr std::array activities{ProjectionActivity::starting,    ProjectionActivity::standing_by,
                                ProjectionActivity::catching_up, ProjectionActivity::live,
                                ProjectionActivity::paused,      ProjectionActivity::retrying,
                                ProjectionActivity::halted,      ProjectionActivity::stopped};

Result<void> check_held_up(const ObservabilityOptions& options, std::chrono::microseconds held_up) {
  if (held_up <= options.lag_max) return {};
  return Error{.code = ErrorCode::unavailable,
               .message = "has been held up for " + seconds_text(held_up) + "; " +
                          seconds_text(options.lag_max) + " are allowed"};
}

}  // namespace

void add_metrics(MetricsText& text, std::string_view runner, const ProjectionStatus& status) {
  const std::string_view name = status.projection;
  for (const auto& [family, value] : of_status) text.add(family, {runner, name}, value(status));
  const std::chrono::duration<double> lag = status.lag;
  if (status.lag_error.empty()) text.add(lag_seconds, {runner, name}, lag.count());
  const std::chrono::duration<double> held_up = status.held_up;
  text.add(held_up_seconds, {runner, name}, held_up.count());
  for (const ProjectionActivity each : activities) {
    text.add(activity, {runner, name, to_string(each)}, each == status.activity ? 1.0 : 0.0);
  }
  for (const PartitionStatus& part : status.partitions) {
    const std::string index = std::to_string(part.partition.index);
    text.add(partition_position, {runner, name, index}, part.position.value);
    text.add(partition_epoch, {runner, name, index}, part.epoch);
    for (const ProjectionActivity each : activities) {
      text.add(partition_activity, {runner, name, index, to_string(each)},
               each == part.activity ? 1.0 : 0.0);
    }
  }
}

Result<void> check_projections(std::span<const ProjectionStatus> projections,
                               const ObservabilityOptions& options) {
  std::string why;
  const auto complain = [&](const ProjectionStatus& status, const std::string& what) {
    why += (why.empty() ? "projection " : "; projection ") + status.projection + ' ' + what;
  };
  for (const ProjectionStatus& status : projections) {
    const std::string cause = status.last_error.empty() ? "" : ": " + status.last_error;
    const std::string activity_and_cause = std::string(to_string(status.activity)) + cause;
    if (status.activity == ProjectionActivity::halted ||
        status.activity == ProjectionActivity::stopped) {
      complain(status, "has " + activity_and_cause);
    } else if (auto moves = check_held_up(options, status.held_up); !moves) {
      complain(status, moves.error().message + " (" + activity_and_cause + ')');
    } else if (!status.lag_error.empty()) {
      complain(status, "is behind by at least " + std::to_string(status.lag_events) +
                           " events, for how long is not known: " + status.lag_error);
    } else if (auto near = check_lag(options, status.lag, status.lag_events); !near) {
      complain(status, near.error().message + " (" + activity_and_cause + ')');
    }
  }
  if (why.empty()) return {};
  return Error{.code = ErrorCode::unavailable, .message = why};
}

}  // namespace annals::internal
