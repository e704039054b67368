// A projection whose rows are each made of one stream's events.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "projections/warehouse.hpp"

namespace annals::warehouse {

/// What happened in a stream. The checksum depends on the order.
struct StreamCount {
  std::string stream;
  std::int64_t events = 0;
  std::int64_t last_version = -1;
  std::int64_t checksum = 0;
  ANNALS_ROW(StreamCount, "stream_counts", (stream), events, last_version, checksum);

  using Events = annals::Events<GoodsArrived, GoodsMoved, ShelfCleared, GoodsCursed>;
  static std::string keys(const auto&, const EventInfo& info) { return std::string(info.stream); }
  void evolve(const auto&, const EventInfo& info) {
    ++events;
    last_version = static_cast<std::int64_t>(info.version.value);
    checksum = (checksum * 31 + static_cast<std::int64_t>(info.position.value)) % 1'000'000'007;
  }
  bool operator==(const StreamCount&) const = default;
};
struct PerStream {
  static constexpr auto name = "per_stream";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<StreamCount>;
};

/// The rows that the log itself comes to, folded without annals.
inline void expect_counts_of(const EventStore& log, const ReadModelStore& rows) {
  std::map<std::string, StreamCount> expected;
  const auto events = read_all(log, {});
  ASSERT_TRUE(events);
  for (const RecordedEvent& event : *events) {
    StreamCount& row = expected[std::string(event.stream)];
    row.stream = event.stream;
    row.evolve(event, event);
  }
  std::vector<StreamCount> all;
  for (const auto& [stream, row] : expected) all.push_back(row);
  EXPECT_EQ(all_rows<StreamCount>(rows), all);
}

}  // namespace annals::warehouse
