// expect: annals: this type cannot be stored
// names: type_can_be_stored<bank::Limits>
#include <annals/codec/event_type.hpp>

namespace bank {
class Limits {
#ifndef WRONG
 public:
#endif
  int daily = 0;
  ANNALS_FIELDS(Limits, daily);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Limits{}); }
