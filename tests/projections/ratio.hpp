#pragma once

#include <string>

#include "warehouse.hpp"

namespace annals::warehouse {

/// A fold that may come to what is no number.
struct Ratio {
  std::string shelf;
  double ratio = 0;
  ANNALS_ROW(Ratio, "ratios", (shelf), ratio);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { ratio = 1.0 / static_cast<double>(e.count); }
};

}  // namespace annals::warehouse
