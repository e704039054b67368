#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/codec/money.hpp>

#include "money_text.hpp"

namespace annals {

namespace detail {

void money_overflow(const Money& left, const char* operation) {
  throw MoneyError(MoneyError::Reason::overflow,
                   to_string(left) + ": " + operation + " gives more than 64 bits of minor units");
}

void money_mixed(const Money& left, const Money& right) {
  throw MoneyError(MoneyError::Reason::mixed_currencies,
                   to_string(left) + " and " + to_string(right) + " are of two currencies");
}

void money_unknown_currency(std::string_view code) {
  throw MoneyError(MoneyError::Reason::unknown_currency,
                   "\"" + std::string(code) + "\" is not a currency of ISO 4217");
}

std::string_view format_money(const Money& money, MoneyText& text) noexcept {
  if (!money.has_currency()) return "0";
  char* const end = text.data() + text.size();
  char* p = end;
  const auto code = money.currency();
  for (std::size_t i = code.size(); i > 0; --i) *--p = code[i - 1];
  *--p = ' ';
  const auto units = static_cast<std::uint64_t>(money.minor_units());
  std::uint64_t rest = money.is_negative() ? 0 - units : units;
  for (int i = 0; i < money.digits(); ++i, rest /= 10) *--p = static_cast<char>('0' + rest % 10);
  if (money.digits() > 0) *--p = '.';
  do {
    *--p = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (money.is_negative()) *--p = '-';
  return {p, static_cast<std::size_t>(end - p)};
}

std::string describe_fault(MoneyFault fault, std::string_view text) {
  const std::string code(text.size() > 3 ? text.substr(text.size() - 3) : text);
  switch (fault) {
    case MoneyFault::none:
    case MoneyFault::form: break;
    case MoneyFault::currency: return code + " is not a currency of ISO 4217";
    case MoneyFault::digits:
      return code + " has " + std::to_string(currency_digits(code).value_or(0)) +
             " digits after the point";
    case MoneyFault::overflow: return "more than 64 bits of minor units";
  }
  return {};
}

}  // namespace detail

std::string to_string(const Money& money) {
  detail::MoneyText text;
  return std::string(detail::format_money(money, text));
}

Result<Money> parse_money(std::string_view text) {
  Money money;
  const auto fault = detail::parse_money(text, money);
  if (fault == detail::MoneyFault::none) return money;
  std::string message =
      "expected an amount such as \"123.45 EUR\", got \"" + std::string(text) + "\"";
  const std::string reason = detail::describe_fault(fault, text);
  if (!reason.empty()) message += ": " + reason;
  return Error{.code = ErrorCode::invalid_argument, .message = std::move(message)};
}

}  // namespace annals
