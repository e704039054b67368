// expect: annals: two events in one list have the same stored name
// names: no_two_events_share_a_name<bank::Deposited, bank::Withdrawn>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
  ANNALS_EVENT(Deposited, "deposited");
};
struct Withdrawn {
#ifdef WRONG
  ANNALS_EVENT(Withdrawn, "deposited");
#else
  ANNALS_EVENT(Withdrawn, "withdrawn");
#endif
};
struct Frozen {
  ANNALS_EVENT(Frozen, "frozen");
};
}  // namespace bank
auto use() { return annals::Events<bank::Frozen, bank::Deposited, bank::Withdrawn>::types(); }
