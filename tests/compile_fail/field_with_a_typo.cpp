// The compiler's own message, but the first one.
// expect: amuont.* (is not a member of|in) .bank::Deposited
// errors: any
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
  annals::Money amount{};
#ifdef WRONG
  ANNALS_EVENT(Deposited, "deposited", amuont);
#else
  ANNALS_EVENT(Deposited, "deposited", amount);
#endif
};
}  // namespace bank

auto use() { return annals::to_json(bank::Deposited{}); }
