// expect: annals: a stored name is 1 to 255 bytes
// names: stored_name_is_valid<bank::Deposited>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
#ifdef WRONG
  ANNALS_EVENT(Deposited, "money\ndeposited");
#else
  ANNALS_EVENT(Deposited, "money_deposited");
#endif
};
}  // namespace bank
auto use() { return annals::event_type_of<bank::Deposited>(); }
