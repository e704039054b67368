// What the program prints as JSON, checked against the codec's reader.

#include "json_text.hpp"

#include <gtest/gtest.h>

#include <annals/codec/json_value.hpp>

#include "table.hpp"

namespace annals::cli {
namespace {

TEST(CompactJson, DropsBlanksBetweenTokensAndKeepsTheTokensAsTheyAre) {
  EXPECT_EQ(compact_json("{ \"a b\" : [ 1.50 , -0e+3,\ttrue ,\r\n null ] }"),
            "{\"a b\":[1.50,-0e+3,true,null]}");
  EXPECT_EQ(compact_json("\"\\u00e9 \\n \xC3\xA9\""), "\"\\u00e9 \\n \xC3\xA9\"");
  EXPECT_EQ(compact_json("[]"), "[]");
  EXPECT_EQ(compact_json(" {} "), "{}");
}

TEST(CompactJson, RefusesWhatIsNoJsonValue) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\"}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "-",
                           "nul",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\t\"",
                           "1 2",
                           "[1}",
                           "\xFF",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\""}) {
    EXPECT_FALSE(compact_json(text)) << text;
  }
}

TEST(CompactJson, EndsAtItsDepthAndNotInTheStack) {
  EXPECT_TRUE(compact_json(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(compact_json(std::string(201, '[') + std::string(201, ']')));
  EXPECT_FALSE(compact_json(std::string(10'000'000, '[')));
}

TEST(JsonObject, ReadsBackAsWhatWasPutIn) {
  const std::string text = JsonObject()
                               .text("s", std::string("\0\n\"\\\x7F\xC3\xA9", 7))
                               .number("n", 42)
                               .flag("f", true)
                               .value("v", "[1]")
                               .finish();
  const auto value = parse_json(text);
  ASSERT_TRUE(value) << to_string(value.error());
  EXPECT_EQ((*value)["s"].get<std::string>(), std::string("\0\n\"\\\x7F\xC3\xA9", 7));
  EXPECT_EQ((*value)["n"], 42);
  EXPECT_EQ((*value)["f"], true);
  EXPECT_EQ((*value)["v"][0], 1);
}

TEST(JsonObject, NumbersBeyondWhatADoubleHoldsAreStrings) {
  EXPECT_EQ(JsonObject().number("n", 9007199254740992U).finish(), R"({"n":9007199254740992})");
  EXPECT_EQ(JsonObject().number("n", 9007199254740993U).finish(), R"({"n":"9007199254740993"})");
}

TEST(JsonObject, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(JsonObject()
                .text("s",
                      "a\xFF"
                      "b")
                .finish(),
            R"({"s":"a\ufffdb"})");
}

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\0\xFF\x1B", 3)), "AP8b");
}

TEST(Printable, StoredBytesCannotMoveTheCursorOrTurnTheText) {
  EXPECT_EQ(printable("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(printable("\x1B[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("a\xC2\x9B"), "a\\xc2\\x9b");
  EXPECT_EQ(printable("a\xE2\x80\xAE"), "a\\xe2\\x80\\xae");
  EXPECT_EQ(printable("a\xFF\n"), "a\\xff\\x0a");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
}

TEST(Grouped, CommasStandBeforeEachThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace annals::cli
