#include "output.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace bank {
namespace {

TEST(Output, HundredthsAreWrittenWithTwoDigitsAndThousands) {
  EXPECT_EQ(to_string(Hundredths{0}), "0.00");
  EXPECT_EQ(to_string(Hundredths{-5}), "-0.05");
  EXPECT_EQ(to_string(Hundredths{123456789}), "1,234,567.89");
  EXPECT_EQ(to_string(Hundredths{-100000}), "-1,000.00");
  EXPECT_EQ(to_string(Hundredths{std::numeric_limits<std::int64_t>::min()}),
            "-92,233,720,368,547,758.08");
}

TEST(Output, ATableHasTextsOnTheLeftAndNumbersOnTheRight) {
  Answer answer({"account", "balance"});
  answer.add({"Assets:PayPal", Hundredths{12345}});
  answer.add({"Café", Hundredths{-5}});
  EXPECT_EQ(answer.to_text(Output::table),
            "account        balance\n"
            "Assets:PayPal   123.45\n"
            "Café             -0.05\n");
}

TEST(Output, JsonLinesHoldHundredthsAndEscapedTexts) {
  Answer answer({"account", "balance"});
  answer.add({"Assets:PayPal", Hundredths{12345}});
  answer.add({"a\"b\\c\n", Hundredths{-5}});
  EXPECT_EQ(answer.to_text(Output::json_lines),
            "{\"account\":\"Assets:PayPal\",\"balance\":12345}\n"
            "{\"account\":\"a\\\"b\\\\c\\u000a\",\"balance\":-5}\n");
}

TEST(Output, NumbersThatADoubleCannotHoldAreStringsInJson) {
  Answer answer({"n"});
  answer.add({std::int64_t{9007199254740992}});
  answer.add({std::int64_t{9007199254740993}});
  EXPECT_EQ(answer.to_text(Output::json_lines),
            "{\"n\":9007199254740992}\n{\"n\":\"9007199254740993\"}\n");
}

}  // namespace
}  // namespace bank
