#include <annals/eventstore/verify.hpp>

namespace annals {

std::string_view to_string(VerifyReport::Outcome outcome) noexcept {
  switch (outcome) {
    case VerifyReport::Outcome::whole: return "whole";
    case VerifyReport::Outcome::changed: return "changed";
    case VerifyReport::Outcome::incomplete: return "incomplete";
  }
  return "unknown";
}

}  // namespace annals
