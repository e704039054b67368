#include <algorithm>
#include <cstdint>

#include <annals/eventstore/time.hpp>

#include "time_range.hpp"

namespace annals {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Writes `width` digits and the character behind them.
void put_digits(char*& to, std::uint64_t value, int width, char behind) {
  for (int at = width; at-- > 0; value /= 10) to[at] = static_cast<char>('0' + value % 10);
  to[width] = behind;
  to += width + 1;
}

// Takes what it reads off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::floor<microseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

std::string to_string(Timestamp time) {
  time = std::clamp(time, internal::first_timestamp, internal::last_timestamp);
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  auto rest = static_cast<std::uint64_t>((time - day).count());
  const std::uint64_t micros = rest % 1'000'000;
  rest /= 1'000'000;

  std::string text(27, '\0');
  char* to = text.data();
  put_digits(to, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4, '-');
  put_digits(to, static_cast<unsigned>(date.month()), 2, '-');
  put_digits(to, static_cast<unsigned>(date.day()), 2, 'T');
  put_digits(to, rest / 3600, 2, ':');
  put_digits(to, rest / 60 % 60, 2, ':');
  put_digits(to, rest % 60, 2, '.');
  put_digits(to, micros, 6, 'Z');
  return text;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, 'T')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  int micros = 0;
  if (take(text, '.')) {
    const std::size_t width = text.find('Z');
    if (width == std::string_view::npos || width < 1 || width > 6) return std::nullopt;
    const auto fraction = take_digits(text, width);
    if (!fraction) return std::nullopt;
    micros = *fraction;
    for (std::size_t i = width; i < 6; ++i) micros *= 10;
  }
  if (!take(text, 'Z') || !text.empty()) return std::nullopt;
  return *date + hours(*hour) + minutes(*minute) + seconds(*second) + microseconds(micros);
}

std::optional<Timestamp> parse_cut_time(std::string_view text) {
  if (text.size() != 10) return parse_timestamp(text);
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  return *date + days(1) - microseconds(1);
}

std::shared_ptr<const Clock> system_clock() {
  static const std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  return clock;
}

}  // namespace annals
