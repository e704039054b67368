/// @file
/// UTC time in microseconds, as text and as a clock.

#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace annals {

/// A moment in UTC, to the microsecond.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// "2024-02-29T12:34:56.000001Z": always 27 characters for years 0000 to 9999, so that text sorts
/// as time does. Moments outside those years are written as the nearest moment inside.
std::string to_string(Timestamp time);

/// Reads "2024-02-29T12:34:56Z" with up to six digits after the seconds; nothing if it is anything
/// else, a day that does not exist included.
std::optional<Timestamp> parse_timestamp(std::string_view text);

/// Reads what a person gives as a cut: a timestamp, or a bare date "2024-02-29", which means the
/// last microsecond before the next midnight UTC.
std::optional<Timestamp> parse_cut_time(std::string_view text);

/// Where a store's own times come from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

/// The machine's clock.
std::shared_ptr<const Clock> system_clock();

/// When a wait that begins now is over. A century at most, so that no timeout is too long:
/// milliseconds::max() waits for as long as it takes.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds century = std::chrono::years(100);
  return std::chrono::steady_clock::now() + std::clamp(timeout, -century, century);
}

}  // namespace annals
