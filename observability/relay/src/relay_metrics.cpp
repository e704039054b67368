#include <array>
#include <string>

#include <annals/observability/relay_metrics.hpp>

namespace annals {

namespace {

using enum MetricType;

struct OfStatus {
  MetricFamily<1> family;
  std::uint64_t (*value)(const RelayStatus&);
};
constexpr std::array<OfStatus, 9> of_status{{
    {{"annals_relay_position", gauge, "Everything up to here is acknowledged by Kafka", {"relay"}},
     [](const RelayStatus& s) { return s.position.value; }},
    {{"annals_relay_head_position", gauge, "The log's end, as the relay sees it", {"relay"}},
     [](const RelayStatus& s) { return s.head.value; }},
    {{"annals_relay_lag_events", gauge, "Events of any kind between the two", {"relay"}},
     [](const RelayStatus& s) { return s.lag(); }},
    {{"annals_relay_epoch", gauge, "Of whoever leads, as last seen", {"relay"}},
     [](const RelayStatus& s) { return s.epoch; }},
    {{"annals_relay_waiting_bytes", gauge, "Bytes produced and not yet acknowledged", {"relay"}},
     [](const RelayStatus& s) { return std::uint64_t{s.waiting_bytes}; }},
    {{"annals_relay_events_total",
      counter,
      "Events acknowledged, repeated ones included",
      {"relay"}},
     [](const RelayStatus& s) { return s.events; }},
    {{"annals_relay_watermarks_total", counter, "Watermarks acknowledged", {"relay"}},
     [](const RelayStatus& s) { return s.watermarks; }},
    {{"annals_relay_producers_total",
      counter,
      "Producers made: one, and one more for each failure",
      {"relay"}},
     [](const RelayStatus& s) { return s.producers; }},
    {{"annals_relay_claims_total", counter, "Times that it became the leader", {"relay"}},
     [](const RelayStatus& s) { return s.claims; }},
}};

constexpr MetricFamily<1> lag_seconds{
    "annals_relay_lag_seconds",
    gauge,
    "How long the oldest event not yet acknowledged has been waiting",
    {"relay"}};
constexpr MetricFamily<1> following{
    "annals_relay_following", gauge, "1: it leads, and follows the log", {"relay"}};
constexpr MetricFamily<1> failing{
    "annals_relay_failing", gauge, "1: its last try has failed; the status says why", {"relay"}};
constexpr MetricFamily<2> role{
    "annals_relay_role", gauge, "1 for what it is now", {"relay", "role"}};
constexpr std::array roles{RelayStatus::Role::idle, RelayStatus::Role::standby,
                           RelayStatus::Role::leader};

double yes_or_no(bool yes) { return yes ? 1 : 0; }

void add_metrics(MetricsText& text, std::string_view name, const RelayStatus& status) {
  for (const auto& [family, value] : of_status) text.add(family, {name}, value(status));
  const std::chrono::duration<double> lag = status.lag_time;
  text.add(lag_seconds, {name}, lag.count());
  text.add(following, {name}, yes_or_no(status.following));
  text.add(failing, {name}, yes_or_no(!status.last_error.empty()));
  for (const RelayStatus::Role each : roles) {
    text.add(role, {name, to_string(each)}, yes_or_no(each == status.role));
  }
}

Result<void> check_relay(const RelayStatus& status, const ObservabilityOptions& options) {
  const std::string reason = status.last_error.empty() ? "" : ": " + status.last_error;
  if (status.role == RelayStatus::Role::idle) {
    return Error{.code = ErrorCode::unavailable,
                 .message = (reason.empty() ? "is not running" : "has halted") + reason};
  }
  if (status.role == RelayStatus::Role::standby) return {};
  auto near = check_lag(options, status.lag_time, status.lag());
  if (near) return {};
  return Error{.code = ErrorCode::unavailable, .message = near.error().message + reason};
}

}  // namespace

Observability& watch(Observability& observability, const Relay& relay, std::string_view name) {
  const std::string label = observability.take_name("relay", name);
  observability.add(
      [&relay, label](MetricsText& text) { add_metrics(text, label, relay.status()); });
  return observability.add_check("relay " + label, [&relay, options = observability.options()] {
    return check_relay(relay.status(), options);
  });
}

}  // namespace annals
