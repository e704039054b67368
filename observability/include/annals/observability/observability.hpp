/// @file
/// Door of observability/: metrics of stores, buses and projections, and whether they are ready.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <annals/commands/command_bus.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/observability/metrics_text.hpp>
#include <annals/observability/readiness.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

namespace annals {

struct ObservabilityOptions {
  /// How old the oldest event may be that a projection or a relay has not dealt with, and how long
  /// a projection may be held up (ProjectionStatus), before the program is no longer ready.
  std::chrono::milliseconds lag_max = std::chrono::minutes(1);
  /// How many events it may be behind, besides.
  std::optional<std::uint64_t> lag_events_max = {};
};

/// Adds samples to a scrape. May be called by many threads at once.
using MetricsSource = std::function<void(MetricsText&)>;

/// What there is to know of a program from outside: its metrics as text for Prometheus, and its
/// readiness. docs/reference/metrics.md lists the metrics. What serves them over HTTP is a room of
/// its own (http_endpoint.hpp).
///
///     annals::Observability observability;
///     observability.watch(store).watch(commands).watch(runner).watch(queries);
///
/// Thread-safe. What is watched is touched inside metrics() and readiness(), never otherwise: end
/// what calls them (the endpoint) before what is watched. Measuring, by watch() of a bus and by
/// measured(), goes on after this object has ended, for nobody.
///
/// `name` tells objects of one kind apart, in a label of their metrics. One that is taken gets a
/// number: main, main_2, …
class Observability {
 public:
  explicit Observability(ObservabilityOptions options = {});
  ~Observability();
  Observability(const Observability&) = delete;
  Observability& operator=(const Observability&) = delete;

  /// Its Stats. Ready: it has not failed, and its last event can be read.
  Observability& watch(const EventStore& store, std::string_view name = "main");
  /// The status of each projection and partition. Ready: none has halted or stopped; and
  /// none lags by more, or is held up for longer, than the options allow.
  Observability& watch(const ProjectionRunner& runner, std::string_view name = "main");
  /// Its BusStats; and, by an interceptor, how long each command takes, from send() to its answer.
  /// Comes before the bus's first command, and before interceptors that are to be measured too.
  Observability& watch(CommandBus& bus, std::string_view name = "main");
  /// Its QueryStats; and, likewise, how long each query takes.
  Observability& watch(QueryBus& bus, std::string_view name = "main");

  /// `store` with each append measured, from the call to its answer. Anything else is passed on.
  /// `store` must outlive it.
  std::unique_ptr<EventStore> measured(EventStore& store, std::string_view name = "main");
  /// `rows` with each commit of a projection measured. A shadow of it is the engine's own.
  std::unique_ptr<ReadModelStore> measured(ReadModelStore& rows, std::string_view name = "main");

  /// More metrics, a program's own for example. A source that throws is left out of that scrape,
  /// and counted.
  Observability& add(MetricsSource source);
  /// More to be ready for. What a check throws is why it is not.
  Observability& add_check(std::string name, ReadinessCheck check);

  /// `name` if it was not taken for this kind of thing, else with a number; taken from now on.
  std::string take_name(std::string_view kind, std::string_view name);
  const ObservabilityOptions& options() const noexcept;

  /// All metrics, in the text format of Prometheus. Asks whatever is watched, which may wait for a
  /// database as long as that has patience.
  std::string metrics() const;
  /// Runs all checks; likewise.
  Readiness readiness() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether this lag is within the options. Errors: unavailable, which says what is exceeded.
Result<void> check_lag(const ObservabilityOptions& options, std::chrono::microseconds lag,
                       std::uint64_t lag_events);

}  // namespace annals
