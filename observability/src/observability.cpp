#include <exception>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <annals/observability/observability.hpp>

#include "command_metrics.hpp"
#include "measured_event_store.hpp"
#include "measured_read_model_store.hpp"
#include "projection_metrics.hpp"
#include "query_metrics.hpp"
#include "seconds_text.hpp"
#include "store_metrics.hpp"

namespace annals {

namespace {

constexpr MetricFamily<0> failed_sources{"annals_observability_failed_sources",
                                         MetricType::gauge,
                                         "Sources of metrics that this scrape had to leave out",
                                         {}};

Result<void> run_check(const ReadinessCheck& check) {
  std::string what;
  try {
    return check();
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "an exception that is not a std::exception";
  }
  return Error{.code = ErrorCode::unavailable, .message = "the check threw: " + what};
}

}  // namespace

class Observability::Impl {
 public:
  explicit Impl(ObservabilityOptions options) : options_(options) {}

  void add(MetricsSource source) {
    const std::lock_guard lock(mutex_);
    sources_.push_back(std::make_shared<const MetricsSource>(std::move(source)));
  }
  void add_check(std::string name, ReadinessCheck check) {
    const std::lock_guard lock(mutex_);
    checks_.emplace_back(std::move(name), std::make_shared<const ReadinessCheck>(std::move(check)));
  }

  std::string take_name(std::string_view kind, std::string_view name) {
    const std::lock_guard lock(mutex_);
    std::string free(name);
    for (int number = 2; !names_.emplace(kind, free).second; ++number) {
      free = std::string(name) + '_' + std::to_string(number);
    }
    return free;
  }

  std::string metrics() const {
    MetricsText text;
    std::uint64_t failed = 0;
    for (const auto& source : copy(sources_)) {
      MetricsText part;  // Of its own, so that half a source is not shown as all of it.
      try {
        (*source)(part);
        text.add(std::move(part));
      } catch (...) {
        ++failed;
      }
    }
    text.add(failed_sources, {}, failed);
    return text.text();
  }

  Readiness readiness() const {
    Readiness readiness;
    for (const auto& [name, check] : copy(checks_)) {
      auto ready = run_check(*check);
      readiness.checks.push_back({name, ready ? "" : ready.error().message});
    }
    return readiness;
  }

  const ObservabilityOptions options_;

 private:
  // Sources and checks run without the lock: they may wait for a database.
  template <typename List>
  List copy(const List& list) const {
    const std::lock_guard lock(mutex_);
    return list;
  }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const MetricsSource>> sources_;
  std::vector<std::pair<std::string, std::shared_ptr<const ReadinessCheck>>> checks_;
  std::set<std::pair<std::string, std::string>> names_;
};

Observability::Observability(ObservabilityOptions options)
    : impl_(std::make_unique<Impl>(options)) {}
Observability::~Observability() = default;

Observability& Observability::watch(const EventStore& store, std::string_view name) {
  const std::string label = take_name("store", name);
  add([&store, label](MetricsText& text) { internal::add_metrics(text, label, store.stats()); });
  return add_check("store " + label, [&store] { return internal::check_store(store); });
}

Observability& Observability::watch(const ProjectionRunner& runner, std::string_view name) {
  const std::string label = take_name("runner", name);
  add([&runner, label](MetricsText& text) {
    for (const ProjectionStatus& status : runner.status()) {
      internal::add_metrics(text, label, status);
    }
  });
  return add_check("projections " + label, [&runner, options = impl_->options_] {
    return internal::check_projections(runner.status(), options);
  });
}

Observability& Observability::watch(CommandBus& bus, std::string_view name) {
  const std::string label = take_name("command bus", name);
  const auto times = std::make_shared<internal::CommandTimes>();
  bus.intercept(internal::timing_interceptor(times));
  return add([&bus, label, times](MetricsText& text) {
    internal::add_metrics(text, label, bus.stats());
    internal::add_metrics(text, label, *times);
  });
}

Observability& Observability::watch(QueryBus& bus, std::string_view name) {
  const std::string label = take_name("query bus", name);
  const auto times = std::make_shared<internal::QueryTimes>();
  bus.intercept(internal::timing_interceptor(times));
  return add([&bus, label, times](MetricsText& text) {
    internal::add_metrics(text, label, bus.stats());
    internal::add_metrics(text, label, *times);
  });
}

std::unique_ptr<EventStore> Observability::measured(EventStore& store, std::string_view name) {
  const std::string label = take_name("measured store", name);
  const auto times = std::make_shared<internal::AppendTimes>();
  add([label, times](MetricsText& text) { internal::add_metrics(text, label, *times); });
  return internal::make_measured_event_store(store, times);
}

std::unique_ptr<ReadModelStore> Observability::measured(ReadModelStore& rows,
                                                        std::string_view name) {
  const std::string label = take_name("measured read models", name);
  const auto times = std::make_shared<internal::CommitTimes>();
  add([label, times](MetricsText& text) { internal::add_metrics(text, label, *times); });
  return internal::make_measured_read_model_store(rows, times);
}

Observability& Observability::add(MetricsSource source) {
  impl_->add(std::move(source));
  return *this;
}

Observability& Observability::add_check(std::string name, ReadinessCheck check) {
  impl_->add_check(std::move(name), std::move(check));
  return *this;
}

std::string Observability::take_name(std::string_view kind, std::string_view name) {
  return impl_->take_name(kind, name);
}
const ObservabilityOptions& Observability::options() const noexcept { return impl_->options_; }
std::string Observability::metrics() const { return impl_->metrics(); }
Readiness Observability::readiness() const { return impl_->readiness(); }

Result<void> check_lag(const ObservabilityOptions& options, std::chrono::microseconds lag,
                       std::uint64_t lag_events) {
  if (lag > options.lag_max) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "is behind by " + internal::seconds_text(lag) + " and " +
                            std::to_string(lag_events) + " events; " +
                            internal::seconds_text(options.lag_max) + " are allowed"};
  }
  if (options.lag_events_max && lag_events > *options.lag_events_max) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "is behind by " + std::to_string(lag_events) + " events; " +
                            std::to_string(*options.lag_events_max) + " are allowed"};
  }
  return {};
}

}  // namespace annals
