#pragma once

#include <annals/eventstore/time.hpp>

namespace annals::internal {

/// What can be written as a timestamp of four-digit years, and so what a claimed time may be.
inline constexpr Timestamp first_timestamp =
    std::chrono::sys_days(std::chrono::year(0) / std::chrono::January / 1);
inline constexpr Timestamp last_timestamp =
    std::chrono::sys_days(std::chrono::year(10000) / std::chrono::January / 1) -
    std::chrono::microseconds(1);

}  // namespace annals::internal
