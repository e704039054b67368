#include "output.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace bank {
namespace {

using namespace annals::literals;

TEST(Output, ATableHasTextsOnTheLeftAndNumbersOnTheRight) {
  Answer answer({"account", "balance"});
  answer.add({"Assets:PayPal", 123.45_usd});
  answer.add({"Café", -(0.05_usd)});
  EXPECT_EQ(answer.to_text(Output::table),
            "account           balance\n"
            "Assets:PayPal  123.45 USD\n"
            "Café            -0.05 USD\n");
}

TEST(Output, JsonLinesHoldHundredthsAndEscapedTexts) {
  Answer answer({"account", "balance"});
  answer.add({"Assets:PayPal", 123.45_usd});
  answer.add({"a\"b\\c\n", -(0.05_usd)});
  EXPECT_EQ(answer.to_text(Output::json_lines),
            "{\"account\":\"Assets:PayPal\",\"balance\":12345}\n"
            "{\"account\":\"a\\\"b\\\\c\\u000a\",\"balance\":-5}\n");
}

TEST(Output, AFlagIsAWordForPeopleAndABooleanForPrograms) {
  Answer answer({"repeated", "tries"});
  answer.add({true, std::int64_t{1}});
  EXPECT_EQ(answer.to_text(Output::table), "repeated  tries\nyes           1\n");
  EXPECT_EQ(answer.to_text(Output::json_lines), "{\"repeated\":true,\"tries\":1}\n");
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
