/// @file
/// Times and dates as text, without allocation.

#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include <annals/eventstore/time.hpp>

namespace annals::detail {

using TimeText = std::array<char, 27>;

/// "2024-02-29T12:34:56.000001Z"; empty for a time outside the years 0000 to 9999.
std::string_view format_time(Timestamp time, TimeText& text) noexcept;

/// "2024-02-29"; empty for a date that does not exist or is outside those years.
std::string_view format_date(std::chrono::year_month_day date, TimeText& text) noexcept;
bool parse_date(std::string_view text, std::chrono::year_month_day& out) noexcept;

}  // namespace annals::detail
