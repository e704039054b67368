#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <annals/eventstore/event_store.hpp>
#include <annals/observability/latency_histogram.hpp>
#include <annals/observability/metrics_text.hpp>

namespace annals::internal {

/// What came of an append.
enum class AppendOutcome : std::uint8_t { written, repeated, refused, failed };

/// How long appends took.
class AppendTimes {
 public:
  LatencyHistogram& of(AppendOutcome outcome) {
    return histograms_[static_cast<std::size_t>(outcome)];
  }
  const LatencyHistogram& of(AppendOutcome outcome) const {
    return histograms_[static_cast<std::size_t>(outcome)];
  }

 private:
  std::array<LatencyHistogram, 4> histograms_;
};

void add_metrics(MetricsText& text, std::string_view store, const AppendTimes& times);

/// `store` with its appends timed.
std::unique_ptr<EventStore> make_measured_event_store(EventStore& store,
                                                      std::shared_ptr<AppendTimes> times);

}  // namespace annals::internal
