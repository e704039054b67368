// expect: annals: this type is used as an event but is none
// names: listed_type_is_an_event<bank::Deposited>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
  int amount = 0;
#ifdef WRONG
  ANNALS_FIELDS(Deposited, amount);
#else
  ANNALS_EVENT(Deposited, "deposited", amount);
#endif
};
}  // namespace bank
auto use() { return annals::Events<bank::Deposited>::types(); }
