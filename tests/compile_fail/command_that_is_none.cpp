// expect: annals: this type is used as a command but is none
// names: listed_type_is_a_command<bank::Deposit>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposit {
#ifdef WRONG
  ANNALS_EVENT(Deposit, "deposit");
#else
  ANNALS_COMMAND(Deposit, "deposit");
#endif
};
}  // namespace bank
auto use() { return annals::Commands<bank::Deposit>::types(); }
