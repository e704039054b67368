// expect: annals: this field has a type that cannot be stored
// names: field_can_be_stored<bank::Opened.*bank::Opened::limits.*bank::Limits
#include <annals/codec/event_type.hpp>

namespace bank {
struct Limits {
  int daily = 0;
#ifndef WRONG
  ANNALS_FIELDS(Limits, daily);
#endif
};
struct Opened {
  Limits limits{};
  ANNALS_EVENT(Opened, "opened", limits);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Opened{}); }
