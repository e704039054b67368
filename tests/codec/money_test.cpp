#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <annals/codec/money.hpp>
#include <annals/testkit/seed.hpp>

namespace {

using namespace annals::literals;
using annals::Money;
using annals::MoneyError;
using annals::parse_money;

__extension__ using Wide = __int128;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

template <typename Function>
void expect_reason(MoneyError::Reason reason, Function function) {
  try {
    function();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const MoneyError& error) {
    EXPECT_EQ(error.reason(), reason) << error.what();
  }
}

TEST(Money, LiteralsAreExactAndConstant) {
  static_assert(10.50_eur == Money::of_minor(1050, "EUR"));
  static_assert(10_eur == Money::of_minor(1000, "EUR"));
  static_assert(0.1_eur == Money::of_minor(10, "EUR"));
  static_assert(1'234'567.89_usd == Money::of_minor(123456789, "USD"));
  static_assert(1050_jpy == Money::of_minor(1050, "JPY"));
  static_assert(-0.05_gbp == Money::of_minor(-5, "GBP"));
  static_assert(92233720368547758.07_czk == Money::of_minor(highest, "CZK"));
  static_assert(2 * 1.25_eur + 0.50_eur - 1_eur == 2_eur);
}

TEST(Money, TextHasTheDigitsOfItsCurrency) {
  EXPECT_EQ(to_string(123.45_eur), "123.45 EUR");
  EXPECT_EQ(to_string(-0.05_eur), "-0.05 EUR");
  EXPECT_EQ(to_string(0_eur), "0.00 EUR");
  EXPECT_EQ(to_string(1050_jpy), "1050 JPY");
  EXPECT_EQ(to_string(Money::of_minor(-1, "BHD")), "-0.001 BHD");
  EXPECT_EQ(to_string(Money::of_minor(12345, "CLF")), "1.2345 CLF");
  EXPECT_EQ(to_string(Money::of_minor(lowest, "EUR")), "-92233720368547758.08 EUR");
  EXPECT_EQ(to_string(Money::of_minor(highest, "JPY")), "9223372036854775807 JPY");
  EXPECT_EQ(to_string(Money::of_minor(lowest, "CLF")), "-922337203685477.5808 CLF");
  EXPECT_EQ(to_string(Money{}), "0");
}

TEST(Money, EveryAmountIsReadBack) {
  std::mt19937_64 random(annals::testkit::seed(20240229));
  for (const std::string_view entry : annals::detail::currencies) {
    const auto code = entry.substr(0, 3);
    for (int i = 0; i < 50; ++i) {
      // All magnitudes alike.
      const auto units = static_cast<std::int64_t>(random()) >> (random() % 64);
      const Money money = Money::of_minor(units, code);
      const auto after = parse_money(to_string(money));
      ASSERT_TRUE(after.has_value()) << after.error().message;
      EXPECT_EQ(after->minor_units(), units);
      EXPECT_EQ(after->currency(), code);
    }
    for (const std::int64_t units :
         {lowest, lowest + 1, std::int64_t{-1}, std::int64_t{0}, highest}) {
      EXPECT_EQ(parse_money(to_string(Money::of_minor(units, code))).value(),
                Money::of_minor(units, code));
    }
  }
  const auto none = parse_money("0");
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_currency());
}

TEST(Money, DigitsAtTheEndMayBeLeftOutAndOthersMayNot) {
  EXPECT_EQ(parse_money("12 EUR").value(), 12_eur);
  EXPECT_EQ(parse_money("12.5 EUR").value(), 12.50_eur);
  EXPECT_EQ(parse_money("-12.5 EUR").value(), -12.50_eur);
  for (const std::string_view text : {"",
                                      " ",
                                      "EUR",
                                      " EUR",
                                      "- EUR",
                                      "12",
                                      "12EUR",
                                      "12  EUR",
                                      " 12 EUR",
                                      "12 EUR ",
                                      "+12 EUR",
                                      "12. EUR",
                                      ".5 EUR",
                                      "-.5 EUR",
                                      "1.2.3 EUR",
                                      "12,5 EUR",
                                      "1'000 EUR",
                                      "012 EUR",
                                      "00 EUR",
                                      "1e3 EUR",
                                      "0x1 EUR",
                                      "--1 EUR",
                                      "12 eur",
                                      "12 EU",
                                      "12 EURO",
                                      "12 XXX",
                                      "12.345 EUR",
                                      "1.0 JPY",
                                      "0.00",
                                      "-0",
                                      "NaN EUR",
                                      "12 \xC3\xBC"
                                      "1",
                                      "92233720368547758.08 EUR",
                                      "-92233720368547758.09 EUR",
                                      "99999999999999999999999999 JPY"}) {
    EXPECT_FALSE(parse_money(text)) << text;
  }
  EXPECT_EQ(parse_money("-92233720368547758.08 EUR").value(), Money::of_minor(lowest, "EUR"));
}

TEST(Money, ErrorsOfParsingSayWhy) {
  EXPECT_EQ(parse_money("1.234 EUR").error().message,
            "expected an amount such as \"123.45 EUR\", got \"1.234 EUR\": EUR has 2 digits after "
            "the point");
  EXPECT_EQ(parse_money("1 EUX").error().message,
            "expected an amount such as \"123.45 EUR\", got \"1 EUX\": EUX is not a currency of "
            "ISO 4217");
}

TEST(Money, ZeroOfNoCurrencyTakesTheOthers) {
  EXPECT_EQ(to_string(Money{} + 5_eur), "5.00 EUR");
  EXPECT_EQ(to_string(5_eur + Money{}), "5.00 EUR");
  EXPECT_EQ(to_string(Money{} - 5_eur), "-5.00 EUR");
  EXPECT_EQ(to_string(Money{} + Money{}), "0");
  EXPECT_EQ(to_string(-Money{}), "0");
  EXPECT_EQ(to_string(Money{} * 7), "0");
  Money sum;
  sum += 0_jpy;
  EXPECT_EQ(to_string(sum), "0 JPY");
  EXPECT_TRUE(Money{} == 0_eur);
  EXPECT_TRUE(Money{} < 1_eur);
  EXPECT_TRUE(-1_eur < Money{});
}

TEST(Money, OverflowThrowsAndLeavesTheValueAsItWas) {
  const Money top = Money::of_minor(highest, "EUR");
  const Money bottom = Money::of_minor(lowest, "EUR");
  const Money cent = 0.01_eur;
  expect_reason(MoneyError::Reason::overflow, [&] { return top + cent; });
  expect_reason(MoneyError::Reason::overflow, [&] { return bottom - cent; });
  expect_reason(MoneyError::Reason::overflow, [&] { return Money{} - bottom; });
  expect_reason(MoneyError::Reason::overflow, [&] { return -bottom; });
  expect_reason(MoneyError::Reason::overflow, [&] { return bottom * -1; });
  expect_reason(MoneyError::Reason::overflow, [&] { return top * 2; });
  EXPECT_EQ(top + bottom, -cent);
  EXPECT_EQ(-top - cent, bottom);
  Money value = top;
  expect_reason(MoneyError::Reason::overflow, [&] { value += cent; });
  expect_reason(MoneyError::Reason::overflow, [&] { value *= 3; });
  EXPECT_EQ(value, top);
  Money none;
  expect_reason(MoneyError::Reason::overflow, [&] { none -= bottom; });
  EXPECT_FALSE(none.has_currency());
}

TEST(Money, TwoCurrenciesNeverMix) {
  expect_reason(MoneyError::Reason::mixed_currencies, [] { return 1_eur + 1_usd; });
  expect_reason(MoneyError::Reason::mixed_currencies, [] { return 1_eur - 1_usd; });
  expect_reason(MoneyError::Reason::mixed_currencies, [] { return 1_eur < 1_usd; });
  expect_reason(MoneyError::Reason::mixed_currencies, [] { return 0_eur >= 0_usd; });
  EXPECT_FALSE(1_eur == 1_usd);
  EXPECT_FALSE(0_eur == 0_usd);
  EXPECT_TRUE(1_eur != 1_usd);
  try {
    static_cast<void>(1_eur + 2_usd);
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "1.00 EUR and 2.00 USD are of two currencies");
  }
}

TEST(Money, AnUnknownCurrencyIsRefused) {
  for (const std::string_view code : {"", "EU", "EURO", "eur", "XXX", "AAA", "ZZZ"}) {
    expect_reason(MoneyError::Reason::unknown_currency, [&] { return Money::of_minor(1, code); });
  }
}

TEST(Money, TheTableOfCurrenciesIsSortedAndWhole) {
  for (std::size_t i = 1; i < annals::detail::currencies.size(); ++i) {
    EXPECT_LT(annals::detail::currencies[i - 1], annals::detail::currencies[i]);
  }
  for (const std::string_view entry : annals::detail::currencies) {
    ASSERT_EQ(entry.size(), 4U);
    EXPECT_EQ(annals::detail::currency_digits(entry.substr(0, 3)), entry[3] - '0');
  }
  EXPECT_EQ(annals::detail::currency_digits("JPY"), 0);
  EXPECT_EQ(annals::detail::currency_digits("BHD"), 3);
  EXPECT_EQ(annals::detail::currency_digits("UYW"), 4);
}

TEST(Money, ArithmeticAgreesWithWiderIntegers) {
  std::mt19937_64 random(annals::testkit::seed(7));
  for (int i = 0; i < 20'000; ++i) {
    const auto a = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto b = static_cast<std::int64_t>(random()) >> (random() % 64);
    const auto check = [](Wide expected, auto compute) {
      const bool fits = expected >= lowest && expected <= highest;
      try {
        const Money result = compute();
        EXPECT_TRUE(fits);
        EXPECT_EQ(result.minor_units(), static_cast<std::int64_t>(expected));
      } catch (const MoneyError&) {
        EXPECT_FALSE(fits);
      }
    };
    const Money x = Money::of_minor(a, "EUR");
    const Money y = Money::of_minor(b, "EUR");
    check(Wide{a} + b, [&] { return x + y; });
    check(Wide{a} - b, [&] { return x - y; });
    check(Wide{a} * b, [&] { return x * b; });
    check(-Wide{a}, [&] { return -x; });
    EXPECT_EQ(x < y, a < b);
    EXPECT_EQ(x == y, a == b);
  }
}

}  // namespace
