// Series by a label's value, under many threads.

#include "series_table.hpp"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/observability/latency_histogram.hpp>

namespace annals::internal {
namespace {

using Table = SeriesTable<LatencyHistogram>;

TEST(SeriesTable, EveryThreadFindsTheSameSeriesOfAValueAndNothingIsLost) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t values = 100;
  constexpr std::size_t rounds = 50;
  Table table;
  std::vector<std::thread> counting;
  for (std::size_t t = 0; t < threads; ++t) {
    counting.emplace_back([&table] {
      for (std::size_t i = 0; i < rounds * values; ++i) {
        table.at("value " + std::to_string(i % values)).count(std::chrono::nanoseconds(1));
      }
    });
  }
  for (std::thread& thread : counting) thread.join();
  std::size_t seen = 0;
  table.for_each([&](std::string_view value, const LatencyHistogram& series) {
    const std::uint64_t count = series.counts().count();
    EXPECT_EQ(count, value == "other" ? 0 : threads * rounds) << value;
    if (count > 0) ++seen;
  });
  EXPECT_EQ(seen, values);
}

TEST(SeriesTable, ValuesBeyondTheLimitShareOneSeries) {
  Table table;
  std::set<const LatencyHistogram*> different;
  for (std::size_t i = 0; i < Table::values_max + 100; ++i) {
    different.insert(&table.at("value " + std::to_string(i)));
  }
  EXPECT_EQ(different.size(), Table::values_max + 1);
  table.at("one more").count(std::chrono::seconds(1));
  EXPECT_EQ(&table.at("one more"), &table.at("and another"));
  table.for_each([&](std::string_view value, const LatencyHistogram& series) {
    EXPECT_EQ(series.counts().count(), value == "other" ? 1U : 0U) << value;
  });
  EXPECT_NE(&table.at("value 0"), &table.at("one more")) << "those that are there keep theirs";
}

}  // namespace
}  // namespace annals::internal
