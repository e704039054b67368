// expect: annals: this field has a type that cannot be stored
#include <annals/codec/event_type.hpp>

// Absent, null and empty would be three things that look like two.
namespace bank {
struct Opened {
#ifdef WRONG
  std::optional<std::optional<int>> limit;
#else
  std::optional<int> limit;
#endif
  ANNALS_EVENT(Opened, "opened", limit);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Opened{}); }
