#include "query_metrics.hpp"

#include <chrono>
#include <utility>

namespace annals::internal {

namespace {

using enum MetricType;
using SteadyClock = std::chrono::steady_clock;

// In the order of Consistency::Level.
constexpr std::array<std::string_view, 4> levels{"eventual", "at_least", "strong", "as_of"};
static_assert(static_cast<std::size_t>(Consistency::Level::as_of) + 1 == levels.size());

constexpr std::array<std::string_view, 3> query_outcomes{"answered", "stale", "failed"};

std::size_t outcome_of(const Result<Reflects>& answer) {
  if (!answer) return 2;
  return answer->stale ? 1 : 0;
}

constexpr MetricFamily<4> query_duration{"annals_query_duration_seconds",
                                         histogram,
                                         "How long queries took, waiting for projections included",
                                         {"bus", "query", "consistency", "outcome"}};

struct OfQueryStats {
  MetricFamily<1> family;
  std::uint64_t (*value)(const QueryStats&);
};
constexpr std::array<OfQueryStats, 5> of_query_stats{{
    {{"annals_queries_answered_total", counter, "Queries answered", {"bus"}},
     [](const QueryStats& s) { return s.answered; }},
    {{"annals_queries_waited_total",
      counter,
      "Of them, queries that waited for a projection",
      {"bus"}},
     [](const QueryStats& s) { return s.waited; }},
    {{"annals_queries_timed_out_total", counter, "Queries whose time was over", {"bus"}},
     [](const QueryStats& s) { return s.timed_out; }},
    {{"annals_query_cuts_folded_total", counter, "Cuts of history folded for a query", {"bus"}},
     [](const QueryStats& s) { return s.cuts_folded; }},
    {{"annals_query_cuts_found_total",
      counter,
      "Cuts of history that were folded already",
      {"bus"}},
     [](const QueryStats& s) { return s.cuts_found; }},
}};

}  // namespace

QueryInterceptor timing_interceptor(std::shared_ptr<QueryTimes> times) {
  return [times = std::move(times)](QueryContext& context) -> Result<void> {
    const auto level = static_cast<std::size_t>(context.consistency().level());
    auto* const series = &times->at(context.type().name)[level];
    context.when_answered([series, begin = SteadyClock::now()](const auto& answer) {
      (*series)[outcome_of(answer)].count_since(begin);
    });
    return {};
  };
}

void add_metrics(MetricsText& text, std::string_view bus, const QueryTimes& times) {
  times.for_each([&](std::string_view query, const auto& by_level) {
    for (std::size_t level = 0; level < levels.size(); ++level) {
      for (std::size_t i = 0; i < query_outcomes.size(); ++i) {
        const LatencyCounts counts = by_level[level][i].counts();
        if (counts.count() == 0) continue;
        text.add(query_duration, {bus, query, levels[level], query_outcomes[i]}, counts);
      }
    }
  });
}

void add_metrics(MetricsText& text, std::string_view bus, const QueryStats& stats) {
  for (const auto& [family, value] : of_query_stats) text.add(family, {bus}, value(stats));
}

}  // namespace annals::internal
