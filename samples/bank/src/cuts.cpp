#include "cuts.hpp"

#include <annals/eventstore/time.hpp>

namespace bank {

using annals::Consistency;
using annals::Error;
using annals::ErrorCode;
using annals::Result;

namespace {

Result<annals::Timestamp> read_time(const char* option, const std::string& text) {
  if (const auto time = annals::parse_cut_time(text)) return *time;
  return Error{ErrorCode::invalid_argument, std::string(option) + " '" + text +
                                                "' is neither a date such as 2016-12-31 nor a "
                                                "time such as 2016-12-31T12:00:00Z"};
}

}  // namespace

Result<Consistency> consistency_of(const CutWords& words) {
  if (words.empty()) return Consistency::strong();
  Consistency cut = Consistency::as_of(words.position ? annals::AsOf::position({*words.position})
                                                      : annals::AsOf::head());
  if (!words.as_of.empty()) {
    const auto time = read_time("--as-of", words.as_of);
    if (!time) return time.error();
    cut = cut.effective_at(*time);
  }
  if (!words.known_at.empty()) {
    const auto time = read_time("--known-at", words.known_at);
    if (!time) return time.error();
    cut = cut.known_at(*time);
  }
  return cut;
}

}  // namespace bank
