// expect: annals: two commands in one list have the same stored name
// names: no_two_commands_share_a_name<bank::Deposit, bank::Withdraw>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposit {
  ANNALS_COMMAND(Deposit, "deposit");
};
struct Withdraw {
#ifdef WRONG
  ANNALS_COMMAND(Withdraw, "deposit");
#else
  ANNALS_COMMAND(Withdraw, "withdraw");
#endif
};
}  // namespace bank
auto use() { return annals::Commands<bank::Deposit, bank::Withdraw>::types(); }
