// What is written is read back the same.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>

#include "shapes.hpp"

namespace {

using namespace annals::literals;
using namespace std::string_view_literals;
using annals::from_json;
using annals::to_json;
using shapes::Everything;

template <typename T>
std::string text_of(const T& value) {
  auto text = to_json(value);
  EXPECT_TRUE(text.has_value()) << text.error().message;
  return text ? *text : std::string();
}

Everything sample() {
  Everything e;
  e.flag = true;
  e.integers = {-128,
                -32768,
                std::numeric_limits<std::int32_t>::min(),
                std::numeric_limits<std::int64_t>::min(),
                255,
                65535,
                std::numeric_limits<std::uint32_t>::max(),
                std::numeric_limits<std::uint64_t>::max(),
                -1};
  e.ratio = 0.1;
  e.text = "quote \" slash \\ / nul \0 bell \a tab \t, ü 漢 😀"sv;
  e.at = annals::Timestamp{std::chrono::microseconds{1'709'210'096'000'001}};
  e.day = std::chrono::year{2024} / 2 / 29;
  e.amount = -0.05_eur;
  e.id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255};
  e.iban = {"DE75512108001245126199"};
  e.channel = shapes::Channel::branch;
  e.mood = Everything::Mood::tense;
  e.note = "";
  e.extra = shapes::Line{"extra", 1_jpy, 3};
  e.lines = {{"one", 10_eur, std::nullopt}, {"two", {}, -2}};
  e.bits = {true, false, true};
  e.matrix = {{}, {1}, {2, 3}};
  e.gaps = {1, std::nullopt, 3};
  e.names = {"", "a", "b"};
  e.triple = {7, 8, 9};
  e.balances = {{"", 1_eur}, {"with \"quotes\"", 2_usd}};
  e.by_number = {{-5, "minus five"}, {0, "zero"}, {12, "twelve"}};
  e.by_channel = {{shapes::Channel::branch, true}, {shapes::Channel::atm, false}};
  e.by_day = {{std::chrono::year{1999} / 12 / 31, 1.5}};
  e.tree = {"root", {{"left", {}}, {"right", {{"leaf", {}}}}}};
  e.any = nlohmann::json::parse(
      R"({"a":[1,-1,1.5,"x",null,true,{"b":{}}],"big":18446744073709551615})");
  return e;
}

TEST(RoundTrip, EveryTypeComesBackAsItWas) {
  const Everything before = sample();
  const auto after = from_json<Everything>(text_of(before));
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(*after, before);
}

TEST(RoundTrip, DefaultsComeBackAsTheyWere) {
  const auto after = from_json<Everything>(text_of(Everything{}));
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(*after, Everything{});
}

TEST(RoundTrip, TheTextIsAsDocumented) {
  Everything e = sample();
  e.text = "t";
  e.extra.reset();
  e.note.reset();
  e.lines.pop_back();
  e.tree = {};
  e.any = 1;
  EXPECT_EQ(text_of(e),
            R"({"flag":true,"integers":{"i8":-128,"i16":-32768,"i32":-2147483648,)"
            R"("i64":-9223372036854775808,"u8":255,"u16":65535,"u32":4294967295,)"
            R"("u64":18446744073709551615,"other":-1},"ratio":0.1,"text":"t",)"
            R"("at":"2024-02-29T12:34:56.000001Z","day":"2024-02-29","amount":"-0.05 EUR",)"
            R"("id":"01020304-0506-0708-090a-0b0c0d0e0fff","iban":"DE75512108001245126199",)"
            R"("channel":"branch","mood":"tense","lines":[{"text":"one","price":"10.00 EUR"}],)"
            R"("bits":[true,false,true],"matrix":[[],[1],[2,3]],"gaps":[1,null,3],)"
            R"("names":["","a","b"],"triple":[7,8,9],)"
            R"("balances":{"":"1.00 EUR","with \"quotes\"":"2.00 USD"},)"
            R"("by_number":{"-5":"minus five","0":"zero","12":"twelve"},)"
            R"("by_channel":{"branch":true,"atm":false},"by_day":{"1999-12-31":1.5},)"
            R"("tree":{"name":"","children":[]},"any":1})");
}

TEST(RoundTrip, ReadingInPlaceLeavesNothingOfTheValueBefore) {
  Everything value = sample();
  const auto read = annals::read_json(text_of(Everything{}), value);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(value, Everything{});
}

TEST(RoundTrip, AStructWithoutFieldsIsAnEmptyObject) {
  EXPECT_EQ(text_of(shapes::Empty{}), "{}");
  EXPECT_TRUE(from_json<shapes::Empty>(" { } "));
}

TEST(RoundTrip, AbsentAndNullAreTheEmptyOptional) {
  struct Case {
    std::string_view text;
  };
  for (const auto& [text] :
       {Case{R"({"text":"a","price":"0"})"}, Case{R"({"text":"a","price":"0","quantity":null})"}}) {
    const auto line = from_json<shapes::Line>(text);
    ASSERT_TRUE(line.has_value()) << line.error().message;
    EXPECT_EQ(line->quantity, std::nullopt);
  }
}

TEST(RoundTrip, FieldsMayComeInAnyOrderWithSpaces) {
  const auto line =
      from_json<shapes::Line>("\n{ \"quantity\" :\t2 , \"price\":\"1 EUR\",\r\n\"text\":\"a\" } ");
  ASSERT_TRUE(line.has_value()) << line.error().message;
  EXPECT_EQ(*line, (shapes::Line{"a", 1_eur, 2}));
}

TEST(RoundTrip, AKeyMayBeWrittenWithEscapes) {
  const auto event = from_json<shapes::Withdrawn>(R"({"am\u006funt":"1.00 EUR"})");
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(event->amount, 1_eur);
}

TEST(RoundTrip, DoublesComeBackToTheBit) {
  for (const double value : {0.0, -0.0, 1.0, 1e22, 1e23, 5e-324, 2.2250738585072014e-308,
                             1.7976931348623157e308, 0.1 + 0.2, -123456789.123456789}) {
    const std::string text = text_of(value);
    const auto after = from_json<double>(text);
    ASSERT_TRUE(after.has_value()) << text << after.error().message;
    EXPECT_EQ(std::signbit(*after), std::signbit(value)) << text;
    EXPECT_EQ(*after, value) << text;
  }
  EXPECT_EQ(text_of(1.0), "1.0");
  EXPECT_EQ(from_json<double>("12").value(), 12.0);
}

TEST(RoundTrip, ADoubleTooSmallIsZeroAndOneTooLargeIsRefused) {
  EXPECT_EQ(from_json<double>("1e-400").value(), 0.0);
  EXPECT_EQ(from_json<double>("0.0000001e-99999999999999999999").value(), 0.0);
  EXPECT_FALSE(from_json<double>("1e400"));
  EXPECT_FALSE(from_json<double>("-1e99999999999999999999"));
}

TEST(RoundTrip, UnknownFieldsAreIgnoredWhenAskedAtEveryLevel) {
  const std::string text =
      R"({"name":"a","new":{"x":[1,2.5e3,"\u00e9",null,true]},"children":[{"name":"b","also":[],"children":[]}]})";
  const auto tree = from_json<shapes::Tree>(text, annals::UnknownFields::ignore);
  ASSERT_TRUE(tree.has_value()) << tree.error().message;
  EXPECT_EQ(*tree, (shapes::Tree{"a", {{"b", {}}}}));
  EXPECT_FALSE(from_json<shapes::Tree>(text));
}

TEST(RoundTrip, NestingUpToTheLimitIsReadAndWritten) {
  const auto nested = [](std::size_t depth) {
    shapes::Tree tree;
    for (std::size_t i = 1; i < depth; ++i) {
      shapes::Tree outer;
      outer.children.push_back(std::move(tree));
      tree = std::move(outer);
    }
    return tree;
  };
  // Each tree is an object and an array.
  const auto deepest = nested(annals::json_depth_max / 2);
  EXPECT_EQ(from_json<shapes::Tree>(text_of(deepest)).value(), deepest);
  const auto written = to_json(nested(annals::json_depth_max / 2 + 1));
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find("nested deeper than 64"), std::string::npos);
}

TEST(RoundTrip, WhatCouldNotBeReadAgainIsNotWritten) {
  struct Case {
    Everything value;
    std::string message;
  };
  std::vector<Case> cases;
  const auto add = [&](const std::string& message, auto change) {
    Case c{Everything{}, "everything: " + message};
    change(c.value);
    cases.push_back(std::move(c));
  };
  add("field 'text': is not UTF-8 (\"a?\")", [](auto& e) { e.text = "a\xFF"; });
  add("field 'ratio': is a double that is not finite",
      [](auto& e) { e.ratio = std::numeric_limits<double>::infinity(); });
  add("field 'ratio': is a double that is not finite",
      [](auto& e) { e.ratio = std::numeric_limits<double>::quiet_NaN(); });
  add("field 'channel': has the value 9, which ANNALS_ENUM does not name",
      [](auto& e) { e.channel = static_cast<shapes::Channel>(9); });
  add("field 'at': is a time outside the years 0000 to 9999",
      [](auto& e) { e.at = annals::Timestamp::max(); });
  add("field 'at': is a time outside the years 0000 to 9999",
      [](auto& e) { e.at = annals::Timestamp::min(); });
  add("field 'day': is a date that does not exist or is outside the years 0000 to 9999",
      [](auto& e) { e.day = std::chrono::year{2023} / 2 / 29; });
  add("field 'lines[1].text': is not UTF-8 (\"?\")", [](auto& e) {
    e.lines = {{}, {"\xC0", {}, {}}};
  });
  add("field 'by_number.7': is not UTF-8 (\"?\")", [](auto& e) { e.by_number[7] = "\x80"; });
  add("field 'iban': could not be formatted: the bank is closed",
      [](auto& e) { e.iban = {"throw"}; });
  add("field 'any.x[0]': is a double that is not finite",
      [](auto& e) { e.any["x"] = {std::numeric_limits<double>::infinity()}; });
  for (const auto& [value, message] : cases) {
    std::string out = "before";
    const auto written = annals::write_json(value, out);
    ASSERT_FALSE(written.has_value()) << message;
    EXPECT_EQ(written.error().message, message);
    EXPECT_EQ(written.error().code, annals::ErrorCode::invalid_argument);
    EXPECT_EQ(out, "before");
  }
}

}  // namespace
