// What folds come to that no table can hold, and keys that are equal in a table.

#include <gtest/gtest.h>

#include "ratio.hpp"
#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

struct Ratios {
  static constexpr auto name = "ratios";
  static constexpr int version = 1;
  using Tables = annals::Tables<Ratio>;
};

struct Renamed {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(Renamed, "renamed", (shelf), count);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) {
    count += e.count;
    if (e.count == 0) shelf = "another";
  }
};
struct Renames {
  static constexpr auto name = "renames";
  static constexpr int version = 1;
  using Tables = annals::Tables<Renamed>;
};

// Twenty appends; the one at position 15 cannot be projected.
template <typename Projection>
void expect_halt_at_15(std::string_view why) {
  const auto events = make_memory_event_store({});
  for (int i = 1; i <= 20; ++i) append(*events, GoodsArrived{std::to_string(i), i == 15 ? 0 : 1});
  const auto rows = open_rows();
  ProjectionRunner runner(*events, *rows, {.tries_max = 2, .retry_first = milliseconds(1)});
  ASSERT_TRUE(runner.add<Projection>());
  const auto halted = runner.wait(Projection::name, GlobalPosition{20}, patience);
  ASSERT_FALSE(halted);
  for (const std::string_view part : {why, std::string_view("position 15")}) {
    EXPECT_NE(halted.error().message.find(part), std::string::npos) << halted.error().message;
  }
  EXPECT_EQ(record_of(*rows, Projection::name).position(), GlobalPosition{14})
      << "what comes before it is applied";
}

TEST(RefusedRows, AValueThatNoColumnHoldsHaltsRightAtItsEvent) {
  expect_halt_at_15<Ratios>("not finite");
}

TEST(RefusedRows, AFoldThatChangesItsKeyHaltsRightAtItsEvent) {
  expect_halt_at_15<Renames>("evolve changed the key");
}

struct Measured {
  double at = 0;
  ANNALS_EVENT(Measured, "measured", at);
};
struct Measure {
  double at = 0;
  std::int64_t times = 0;
  ANNALS_ROW(Measure, "measures", (at), times);
  using Events = annals::Events<Measured>;
  static double keys(const Measured& e) { return e.at; }
  void evolve(const Measured&) { ++times; }
  bool operator==(const Measure&) const = default;
};
struct Measures {
  static constexpr auto name = "measures";
  static constexpr int version = 1;
  using Tables = annals::Tables<Measure>;
};

TEST(EqualKeys, ZeroAndMinusZeroAreOneRowAndEachEventCounts) {
  const auto events = make_memory_event_store({});
  const auto receipt = append(*events, Measured{0.0}, Measured{-0.0}, Measured{0.0});
  const auto rows = open_rows();
  ProjectionRunner runner(*events, *rows);
  ASSERT_TRUE(runner.add<Measures>());
  expect_reached(runner, "measures", receipt.last_position);
  EXPECT_EQ(all_rows<Measure>(*rows), (std::vector<Measure>{{0.0, 3}}));
}

}  // namespace
}  // namespace annals::warehouse
