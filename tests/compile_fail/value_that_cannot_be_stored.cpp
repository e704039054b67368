// expect: annals: this type cannot be stored
// names: type_can_be_stored<bank::Account>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Account {
  int balance = 0;
#ifndef WRONG
  ANNALS_STATE(Account, balance);
#endif
};
}  // namespace bank
auto use() { return annals::from_json<bank::Account>("{}"); }
