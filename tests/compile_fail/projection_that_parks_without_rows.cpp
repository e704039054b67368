// expect: annals: on_failure is annals::OnFailure::halt or park
// names: only_rows_can_be_parked<bank::Totals
#include <annals/projections/projection.hpp>

namespace bank {
struct Deposited {
  int amount = 0;
  ANNALS_EVENT(Deposited, "deposited", amount);
};

struct Totals {
  static constexpr auto name = "totals";
  static constexpr int version = 1;
  static constexpr auto schema = "CREATE TABLE totals (day TEXT PRIMARY KEY, amount INTEGER)";
#ifdef WRONG
  static constexpr auto on_failure = annals::OnFailure::park;
#endif
  using SqlEvents = annals::Events<Deposited>;
  static annals::Result<void> apply(annals::Sql&, const Deposited&, const annals::EventInfo&) {
    return {};
  }
};
}  // namespace bank

const auto& use() { return annals::projection_type_of<bank::Totals>(); }
