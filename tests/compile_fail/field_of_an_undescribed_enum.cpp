// expect: annals: this field has a type that cannot be stored
// names: bank::Channel
#include <annals/codec/event_type.hpp>

namespace bank {
enum class Channel { branch, web };
#ifndef WRONG
ANNALS_ENUM(Channel, branch, web);
#endif
struct Opened {
  Channel channel{};
  ANNALS_EVENT(Opened, "opened", channel);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Opened{}); }
