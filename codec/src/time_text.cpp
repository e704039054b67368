#include "time_text.hpp"

#include <cstddef>

namespace annals::detail {

namespace {

// Writes `digits` decimal digits.
void put(char* out, unsigned value, int digits) noexcept {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

bool in_range(std::chrono::year_month_day date) noexcept {
  return date.ok() && date.year() >= std::chrono::year{0} && date.year() <= std::chrono::year{9999};
}

void put_date(char* out, std::chrono::year_month_day date) noexcept {
  put(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out[4] = '-';
  put(out + 5, static_cast<unsigned>(date.month()), 2);
  out[7] = '-';
  put(out + 8, static_cast<unsigned>(date.day()), 2);
}

}  // namespace

std::string_view format_time(Timestamp time, TimeText& text) noexcept {
  using std::chrono::sys_days;
  constexpr Timestamp first = sys_days{std::chrono::year{0} / 1 / 1};
  constexpr Timestamp after = sys_days{std::chrono::year{10000} / 1 / 1};
  if (time < first || time >= after) return {};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto micros = static_cast<std::uint64_t>((time - day).count());
  const auto seconds = static_cast<unsigned>(micros / 1'000'000);
  char* const out = text.data();
  put_date(out, day);
  out[10] = 'T';
  put(out + 11, seconds / 3600, 2);
  out[13] = ':';
  put(out + 14, seconds / 60 % 60, 2);
  out[16] = ':';
  put(out + 17, seconds % 60, 2);
  out[19] = '.';
  put(out + 20, static_cast<unsigned>(micros % 1'000'000), 6);
  out[26] = 'Z';
  return {out, 27};
}

std::string_view format_date(std::chrono::year_month_day date, TimeText& text) noexcept {
  if (!in_range(date)) return {};
  put_date(text.data(), date);
  return {text.data(), 10};
}

bool parse_date(std::string_view text, std::chrono::year_month_day& out) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  bool digits = true;
  const auto number = [&](std::size_t from, std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = from; i < from + count; ++i) {
      digits = digits && text[i] >= '0' && text[i] <= '9';
      value = value * 10 + static_cast<unsigned>(text[i] - '0');
    }
    return value;
  };
  const std::chrono::year year{static_cast<int>(number(0, 4))};
  const std::chrono::month month{number(5, 2)};
  const std::chrono::year_month_day date{year, month, std::chrono::day{number(8, 2)}};
  if (!digits || !date.ok()) return false;
  out = date;
  return true;
}

}  // namespace annals::detail
