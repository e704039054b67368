/// @file
/// Exact money: whole minor units of one currency.

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include <annals/codec/currency.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// Arithmetic on money that has no answer. Rooms that call a user's functions catch it: in `decide`
/// it is a rejection, in a fold an error that stops it.
class MoneyError : public std::runtime_error {
 public:
  enum class Reason : std::uint8_t {
    overflow,          ///< The result is beyond 64 bits of minor units.
    mixed_currencies,  ///< Two amounts of different currencies.
    unknown_currency,  ///< A code that ISO 4217 does not have.
  };
  MoneyError(Reason reason, const std::string& message)
      : std::runtime_error(message), reason_(reason) {}
  Reason reason() const noexcept { return reason_; }

 private:
  Reason reason_;
};

class Money;

namespace rule {
// Never defined: a literal that calls one of them is not a constant, and the compiler says its
// name.
void money_literal_is_a_decimal_number_with_at_most_the_digits_of_its_currency();
void money_literal_is_too_long();
}  // namespace rule

namespace detail {
[[noreturn]] void money_overflow(const Money& left, const char* operation);
[[noreturn]] void money_mixed(const Money& left, const Money& right);
[[noreturn]] void money_unknown_currency(std::string_view code);

/// What is wrong with the text of an amount.
enum class MoneyFault : std::uint8_t { none, form, currency, digits, overflow };
constexpr MoneyFault parse_money(std::string_view text, Money& out) noexcept;
}  // namespace detail

/// An amount of money: 64 bits of minor units (cents) and an ISO 4217 currency. A regular value of
/// 16 bytes.
///
/// `Money{}` is zero of no currency: it adds to, and compares with, every amount, and takes the
/// other's currency. So it equals the zero of every currency, although 0.00 EUR and 0.00 USD are
/// not equal to each other.
///
/// Nothing wraps and nothing is rounded: a result that does not fit, and + - < of two currencies,
/// throw MoneyError (in a constant expression they do not compile). == of two currencies is false.
class Money {
 public:
  constexpr Money() noexcept = default;

  /// `units` of the smallest unit: of_minor(1050, "EUR") is 10.50 EUR, of_minor(1050, "JPY") is
  /// 1050 JPY. Throws MoneyError for a code that is not a currency.
  static constexpr Money of_minor(std::int64_t units, std::string_view currency) {
    const auto digits = detail::currency_digits(currency);
    if (!digits) detail::money_unknown_currency(currency);
    Money money;
    money.units_ = units;
    money.code_ = {currency[0], currency[1], currency[2]};
    money.digits_ = static_cast<std::uint8_t>(*digits);
    return money;
  }

  constexpr std::int64_t minor_units() const noexcept { return units_; }
  /// "EUR"; empty for zero of no currency. Points into this object.
  constexpr std::string_view currency() const noexcept {
    return has_currency() ? std::string_view(code_.data(), code_.size()) : std::string_view();
  }
  constexpr bool has_currency() const noexcept { return code_[0] != '\0'; }
  /// Digits after the point; 0 for zero of no currency.
  constexpr int digits() const noexcept { return digits_; }

  constexpr bool is_zero() const noexcept { return units_ == 0; }
  constexpr bool is_negative() const noexcept { return units_ < 0; }
  constexpr bool is_positive() const noexcept { return units_ > 0; }

  constexpr Money& operator+=(const Money& other) {
    const Money left = *this;
    take_currency(other);
    if (__builtin_add_overflow(left.units_, other.units_, &units_)) {
      *this = left;
      detail::money_overflow(left, "+");
    }
    return *this;
  }
  constexpr Money& operator-=(const Money& other) {
    const Money left = *this;
    take_currency(other);
    if (__builtin_sub_overflow(left.units_, other.units_, &units_)) {
      *this = left;
      detail::money_overflow(left, "-");
    }
    return *this;
  }
  constexpr Money& operator*=(std::int64_t factor) {
    const Money left = *this;
    if (__builtin_mul_overflow(left.units_, factor, &units_)) {
      *this = left;
      detail::money_overflow(left, "*");
    }
    return *this;
  }

  friend constexpr Money operator+(Money left, const Money& right) { return left += right; }
  friend constexpr Money operator-(Money left, const Money& right) { return left -= right; }
  friend constexpr Money operator*(Money left, std::int64_t right) { return left *= right; }
  friend constexpr Money operator*(std::int64_t left, Money right) { return right *= left; }
  constexpr Money operator+() const noexcept { return *this; }
  constexpr Money operator-() const {
    if (units_ == std::numeric_limits<std::int64_t>::min())
      detail::money_overflow(*this, "negation");
    Money result = *this;
    result.units_ = -units_;
    return result;
  }

  friend constexpr bool operator==(const Money& left, const Money& right) noexcept {
    return left.units_ == right.units_ && left.same_currency(right);
  }
  friend constexpr std::weak_ordering operator<=>(const Money& left, const Money& right) {
    if (!left.same_currency(right)) detail::money_mixed(left, right);
    return left.units_ <=> right.units_;
  }

 private:
  constexpr bool same_currency(const Money& other) const noexcept {
    return code_ == other.code_ || !has_currency() || !other.has_currency();
  }
  constexpr void take_currency(const Money& other) {
    if (!same_currency(other)) detail::money_mixed(*this, other);
    if (!has_currency()) {
      code_ = other.code_;
      digits_ = other.digits_;
    }
  }

  std::int64_t units_ = 0;  // 0 when there is no currency.
  std::array<char, 3> code_{};
  std::uint8_t digits_ = 0;
};

static_assert(sizeof(Money) <= 16);

/// "123.45 EUR", "-0.05 EUR", "1050 JPY"; "0" for zero of no currency.
std::string to_string(const Money& money);

/// Reads what to_string writes; digits at the end may be left out ("123 EUR", "123.4 EUR").
///
/// Errors: invalid_argument, with the reason: not an amount, an unknown currency, more digits than
/// the currency has, or more than 64 bits hold.
Result<Money> parse_money(std::string_view text);

namespace detail {

constexpr MoneyFault parse_money(std::string_view text, Money& out) noexcept {
  if (text == "0") {
    out = Money{};
    return MoneyFault::none;
  }
  // [-]<digits>[.<digits>] <code>
  if (text.size() < 5 || text[text.size() - 4] != ' ') return MoneyFault::form;
  const std::string_view amount = text.substr(0, text.size() - 4);
  const std::string_view code = text.substr(text.size() - 3);
  const bool negative = amount.front() == '-';
  const std::size_t start = negative ? 1 : 0;
  std::size_t point = amount.size();
  for (std::size_t i = start; i < amount.size(); ++i) {
    if (amount[i] == '.' && point == amount.size()) {
      point = i;
    } else if (amount[i] < '0' || amount[i] > '9') {
      return MoneyFault::form;
    }
  }
  if (point == start || point + 1 == amount.size()) return MoneyFault::form;
  if (amount[start] == '0' && point > start + 1) return MoneyFault::form;  // 007.00
  const auto digits = currency_digits(code);
  if (!digits) return MoneyFault::currency;
  const std::size_t given = point == amount.size() ? 0 : amount.size() - point - 1;
  if (given > static_cast<std::size_t>(*digits)) return MoneyFault::digits;

  // Negative numbers reach one further than positive ones, so the sum goes down.
  std::int64_t units = 0;
  const auto shift_in = [&units](int digit) {
    return !__builtin_mul_overflow(units, std::int64_t{10}, &units) &&
           !__builtin_sub_overflow(units, std::int64_t{digit}, &units);
  };
  for (std::size_t i = start; i < amount.size(); ++i) {
    if (i != point && !shift_in(amount[i] - '0')) return MoneyFault::overflow;
  }
  for (std::size_t i = given; i < static_cast<std::size_t>(*digits); ++i) {
    if (!shift_in(0)) return MoneyFault::overflow;
  }
  if (!negative && __builtin_sub_overflow(std::int64_t{0}, units, &units)) {
    return MoneyFault::overflow;
  }
  out = Money::of_minor(units, code);
  return MoneyFault::none;
}

// Reads the digits of a literal such as 1'000.50; anything else does not compile.
template <std::size_t N>
consteval Money money_literal(const char* digits, const char (&code)[N]) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  for (; *digits != '\0'; ++digits) {
    if (*digits == '\'') continue;
    if (size + 4 >= text.size()) rule::money_literal_is_too_long();
    text[size++] = *digits;
  }
  for (const char c : {' ', code[0], code[1], code[2]}) text[size++] = c;
  Money money;
  if (parse_money({text.data(), size}, money) != MoneyFault::none) {
    rule::money_literal_is_a_decimal_number_with_at_most_the_digits_of_its_currency();
  }
  return money;
}

}  // namespace detail

/// `using namespace annals::literals;` makes 10.50_eur an amount, checked when it is compiled and
/// without floating point.
inline namespace literals {
consteval Money operator""_eur(const char* digits) { return detail::money_literal(digits, "EUR"); }
consteval Money operator""_usd(const char* digits) { return detail::money_literal(digits, "USD"); }
consteval Money operator""_gbp(const char* digits) { return detail::money_literal(digits, "GBP"); }
consteval Money operator""_jpy(const char* digits) { return detail::money_literal(digits, "JPY"); }
consteval Money operator""_czk(const char* digits) { return detail::money_literal(digits, "CZK"); }
}  // namespace literals
}  // namespace annals
