// expect: annals: a group shares a projection by stream
// names: projection_has_rows_of_one_stream<bank::Totals
#include <annals/projections/projection_runner.hpp>

namespace bank {
struct Deposited {
  std::string branch;
  ANNALS_EVENT(Deposited, "deposited", branch);
};

struct Branch {
  std::string name;
  int deposits = 0;
  ANNALS_ROW(Branch, "branches", (name), deposits);
  using Events = annals::Events<Deposited>;
  static std::string keys(const Deposited& e) { return e.branch; }
  void evolve(const Deposited&) { ++deposits; }
};

struct Totals {
  static constexpr auto name = "totals";
  static constexpr int version = 1;
#ifndef WRONG
  static constexpr bool rows_of_one_stream = true;
#endif
  using Tables = annals::Tables<Branch>;
};
}  // namespace bank

annals::Result<void> use(annals::ProjectionRunner& runner,
                         const annals::PartitionedSource& source) {
  return runner.add_to_group<bank::Totals>(source);
}
