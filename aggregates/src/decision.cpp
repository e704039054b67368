#include <annals/aggregates/decision.hpp>

namespace annals {

DecidedEvent& DecidedEvent::effective_at(Timestamp time) & {
  effective_at_ = time;
  return *this;
}

DecidedEvent& DecidedEvent::known_at(Timestamp time) & {
  known_at_ = time;
  return *this;
}

DecidedEvent& DecidedEvent::tag(std::string tag) & {
  tags_.push_back(std::move(tag));
  return *this;
}

}  // namespace annals
