#include <annals/eventstore/error.hpp>

namespace annals {

// The switches have no default: the compiler names a code that is forgotten here.

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::wrong_expected_version: return "wrong_expected_version";
    case ErrorCode::condition_failed: return "condition_failed";
    case ErrorCode::stream_not_found: return "stream_not_found";
    case ErrorCode::rejected: return "rejected";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::diverged: return "diverged";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::outcome_unknown: return "outcome_unknown";
    case ErrorCode::timeout: return "timeout";
  }
  return "unknown";
}

std::string_view to_string(Retry advice) noexcept {
  switch (advice) {
    case Retry::never: return "never";
    case Retry::same_call: return "same_call";
    case Retry::from_load: return "from_load";
    case Retry::after_check: return "after_check";
  }
  return "unknown";
}

Retry retry_advice(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::wrong_expected_version:
    case ErrorCode::condition_failed: return Retry::from_load;
    case ErrorCode::unavailable:
    case ErrorCode::timeout: return Retry::same_call;
    case ErrorCode::outcome_unknown: return Retry::after_check;
    case ErrorCode::stream_not_found:
    case ErrorCode::rejected:
    case ErrorCode::invalid_argument:
    case ErrorCode::corrupt:
    case ErrorCode::unsupported:
    case ErrorCode::diverged: break;
  }
  return Retry::never;
}

std::string to_string(const Error& error) {
  std::string text(to_string(error.code));
  if (!error.rule.empty()) text += " (" + error.rule + ')';
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

}  // namespace annals
