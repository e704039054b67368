// expect: annals: this field has a type that cannot be stored
// names: bank::Leg
#include <annals/codec/event_type.hpp>

namespace bank {
struct Leg {
  int units = 0;
#ifndef WRONG
  ANNALS_FIELDS(Leg, units);
#endif
};
struct Booked {
  std::vector<std::optional<Leg>> legs;
  ANNALS_EVENT(Booked, "booked", legs);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Booked{}); }
