// expect: annals: schema_version of an event is a number from 1 on
// names: schema_version_is_valid<bank::Deposited>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Deposited {
#ifdef WRONG
  static constexpr std::uint32_t schema_version = 0;
#else
  static constexpr std::uint32_t schema_version = 2;
#endif
  ANNALS_EVENT(Deposited, "deposited");
};
}  // namespace bank
auto use() { return annals::event_type_of<bank::Deposited>(); }
