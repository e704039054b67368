// Strings: escapes and UTF-8, each allowed and each forbidden form.

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>

namespace {

struct TextCase {
  std::string_view inside;  // Between the quotes.
  std::string_view value;
};

using namespace std::string_view_literals;

const TextCase accepted[] = {
    {"", ""},
    {"plain", "plain"},
    {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
    {R"(\u0041\u00e9\u6F22)", "A\u00e9\u6f22"},
    {R"(\u0000)", "\0"sv},
    {R"(\u001f)", "\x1f"},
    {R"(\ud83d\ude00)", "\U0001F600"},
    {R"(\uD800\uDC00)", "\U00010000"},
    {R"(\udbff\udfff)", "\U0010FFFF"},
    {R"(\uFFFF)", "\uFFFF"},
    {"\x7f", "\x7f"},
    {"\xC2\x80", "\xC2\x80"},                  // first of two bytes
    {"\xDF\xBF", "\xDF\xBF"},                  // last of two
    {"\xE0\xA0\x80", "\xE0\xA0\x80"},          // first of three
    {"\xED\x9F\xBF", "\xED\x9F\xBF"},          // before the surrogates
    {"\xEE\x80\x80", "\xEE\x80\x80"},          // after them
    {"\xEF\xBF\xBF", "\xEF\xBF\xBF"},          // last of three
    {"\xF0\x90\x80\x80", "\xF0\x90\x80\x80"},  // first of four
    {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},  // U+10FFFF
    {"0123456\xC3\xBC"
     "789abcdef\\n0123456789",
     "0123456\xC3\xBC"
     "789abcdef\n0123456789"},
};

const std::string_view refused[] = {
    "\n",
    "\t",
    "\0"sv,
    "\x1f",
    "01234567\x01",  // control characters
    R"(\x)",
    R"(\a)",
    R"(\')",
    R"(\0)",
    R"(\)",  // escapes that JSON has not
    R"(\u)",
    R"(\u12)",
    R"(\u123)",
    R"(\u12G4)",
    R"(\u-123)",
    R"(\u 123)",
    R"(\U0041)",
    R"(\ud800)",
    R"(\udbff)",
    R"(\udc00)",
    R"(\udfff)",  // half a pair
    R"(\ud800x)",
    R"(\ud800\n)",
    R"(\ud800\u0041)",
    R"(\ud800\ud800)",
    R"(\udc00\ud800)",
    "\x80",
    "\xBF",
    "\xC0\x80",
    "\xC1\xBF",  // continuation first, overlong
    "\xC2",
    "\xC2\x41",
    "\xDF\xC0",  // cut
    "\xE0\x80\x80",
    "\xE0\x9F\xBF",
    "\xE1\x80",  // overlong, cut
    "\xED\xA0\x80",
    "\xED\xBF\xBF",  // surrogates
    "\xF0\x80\x80\x80",
    "\xF0\x8F\xBF\xBF",  // overlong
    "\xF4\x90\x80\x80",
    "\xF5\x80\x80\x80",
    "\xFF",
    "\xFE",
    "\xF8\x88\x80\x80\x80",
    "\xF0\x90\x80",
    "\xF1\x80\x80\x41",
};

TEST(JsonText, AcceptedFormsAreReadAndWrittenBack) {
  for (const auto& [inside, value] : accepted) {
    const std::string text = "\"" + std::string(inside) + "\"";
    const auto read = annals::from_json<std::string>(text);
    ASSERT_TRUE(read.has_value()) << text << ": " << read.error().message;
    EXPECT_EQ(*read, value) << text;
    const auto written = annals::to_json(std::string(value));
    ASSERT_TRUE(written.has_value()) << text;
    EXPECT_EQ(annals::from_json<std::string>(*written).value(), value) << *written;
  }
}

TEST(JsonText, ForbiddenFormsAreRefusedWhereverTheyStand) {
  for (const std::string_view inside : refused) {
    for (std::size_t before = 0; before < 18; ++before) {
      for (const std::string_view after : {"", "x", "and some more text"}) {
        // Also behind an escape, where the reader copies.
        for (const std::string_view start : {"", "\\n"}) {
          const std::string text = "\"" + std::string(start) + std::string(before, 'a') +
                                   std::string(inside) + std::string(after) + "\"";
          if (text.ends_with("\\\"") || (inside == "\\" && !after.empty())) continue;
          // Hexadecimal digits after a short escape would complete it.
          if (inside.starts_with("\\u") && inside.size() < 6 && after.starts_with("a")) continue;
          EXPECT_FALSE(annals::from_json<std::string>(text)) << text;
        }
      }
    }
  }
}

TEST(JsonText, ControlCharactersAreWrittenAsEscapes) {
  EXPECT_EQ(annals::to_json(std::string("\x01\b\x1f\"\\/\x7f")).value(),
            "\"\\u0001\\b\\u001f\\\"\\\\/\x7f\"");
}

TEST(JsonText, EveryPositionOfAQuoteInAWordIsFound) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string value(length, 'x');
    EXPECT_EQ(annals::from_json<std::string>("\"" + value + "\"").value(), value);
    EXPECT_FALSE(annals::from_json<std::string>("\"" + value));
    EXPECT_EQ(annals::from_json<std::string>("\"" + value + "\\\"" + value + "\"").value(),
              value + "\"" + value);
  }
}

}  // namespace
