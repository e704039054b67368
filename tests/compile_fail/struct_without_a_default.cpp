// expect: annals: a described struct must be default constructible
// names: struct_is_default_constructible<bank::Opened>
#include <annals/codec/event_type.hpp>

namespace bank {
struct Opened {
#ifdef WRONG
  explicit Opened(std::string name) : owner(std::move(name)) {}
#endif
  std::string owner;
  ANNALS_EVENT(Opened, "opened", owner);
};
}  // namespace bank
auto use(const bank::Opened& opened) { return annals::to_json(opened); }
