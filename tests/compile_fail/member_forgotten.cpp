// expect: annals: this struct has a data member that is not in its field list
// names: every_member_is_listed<bank::Deposited
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
  annals::Money amount{};
  std::string memo;
#ifdef WRONG
  ANNALS_EVENT(Deposited, "deposited", amount);
#else
  ANNALS_EVENT(Deposited, "deposited", amount, memo);
#endif
};
}  // namespace bank

auto use() { return annals::to_json(bank::Deposited{}); }
