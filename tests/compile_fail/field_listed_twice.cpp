// expect: annals: a field is listed twice
// names: no_field_is_listed_twice<bank::Deposited>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
  annals::Money amount{};
  std::string memo;
#ifdef WRONG
  ANNALS_EVENT(Deposited, "deposited", amount, amount);
#else
  ANNALS_EVENT(Deposited, "deposited", amount, memo);
#endif
};
}  // namespace bank

auto use() { return annals::to_json(bank::Deposited{}); }
