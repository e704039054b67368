// expect: annals: this field has a type that cannot be stored
// names: field_can_be_stored<bank::Opened.*bank::Opened::owner
#include <annals/codec/event_type.hpp>

namespace bank {
struct Opened {
#ifdef WRONG
  const char* owner = "";
#else
  std::string owner;
#endif
  ANNALS_EVENT(Opened, "opened", owner);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Opened{}); }
