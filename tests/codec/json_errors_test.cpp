// Every mistake in a text is an error that names the type, the path and what was expected.

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>

#include "shapes.hpp"

namespace shapes {

struct Order {
  annals::Money amount{};
  std::optional<int> count;
  ANNALS_COMMAND(Order, "order", amount, count);
};

struct Probe {
  std::optional<bool> flag;
  std::optional<std::int8_t> small;
  std::optional<std::uint32_t> natural;
  std::optional<std::int64_t> wide;
  std::optional<double> ratio;
  std::optional<std::string> text;
  std::optional<annals::Timestamp> at;
  std::optional<std::chrono::year_month_day> day;
  std::optional<annals::Money> amount;
  std::optional<annals::AppendId> id;
  std::optional<Iban> iban;
  std::optional<Channel> channel;
  std::optional<std::vector<Line>> lines;
  std::optional<std::set<int>> numbers;
  std::optional<std::array<int, 2>> pair;
  std::optional<std::map<int, Line>> by_number;
  std::optional<nlohmann::json> any;
  ANNALS_EVENT(Probe, "probed", flag, small, natural, wide, ratio, text, at, day, amount, id, iban,
               channel, lines, numbers, pair, by_number, any);
};

}  // namespace shapes

namespace {

template <typename T>
void expect_error(std::string_view text, std::string_view message) {
  const auto value = annals::from_json<T>(text);
  ASSERT_FALSE(value.has_value()) << text;
  EXPECT_EQ(value.error().message, message) << text;
  EXPECT_EQ(value.error().code, annals::ErrorCode::invalid_argument);
}

TEST(JsonErrors, AFieldThatIsMissingIsNamed) {
  expect_error<shapes::Withdrawn>("{}", "money_withdrawn: field 'amount': is missing");
}

TEST(JsonErrors, AnUnknownFieldIsNamedWithTheLikeliestOne) {
  expect_error<shapes::Withdrawn>(R"({"amuont":"1 EUR"})",
                                  "money_withdrawn: field 'amuont': is not a field of this type "
                                  "(did you mean 'amount'?)");
  expect_error<shapes::Withdrawn>(R"({"colour":"red"})",
                                  "money_withdrawn: field 'colour': is not a field of this type");
  expect_error<shapes::Order>(
      R"({"cont":1})", "order: field 'cont': is not a field of this type (did you mean 'count'?)");
  expect_error<shapes::Tree>(
      R"({"name":"","children":[{"nane":""}]})",
      "Tree: field 'children[0].nane': is not a field of this type (did you mean 'name'?)");
}

TEST(JsonErrors, AFieldGivenTwiceIsRefused) {
  expect_error<shapes::Withdrawn>(R"({"amount":"1 EUR","amount":"1 EUR"})",
                                  "money_withdrawn: field 'amount': is given twice");
  expect_error<shapes::Withdrawn>(R"({"amount":"1 EUR","\u0061mount":"1 EUR"})",
                                  "money_withdrawn: field 'amount': is given twice");
}

struct Case {
  std::string_view field;
  std::string_view why;
};

TEST(JsonErrors, AValueOfAnotherTypeIsNamedWithWhatWasExpected) {
  const Case cases[] = {
      {R"("flag":1)", "field 'flag': expected true or false, got a number (1)"},
      {R"("flag":"true")", R"(field 'flag': expected true or false, got a string ("true"))"},
      {R"("small":"7")", R"(field 'small': expected an integer, got a string ("7"))"},
      {R"("small":1.5)", "field 'small': expected an integer, got a number (1.5)"},
      {R"("small":1e2)", "field 'small': expected an integer, got a number (1e2)"},
      {R"("small":{})", "field 'small': expected an integer, got an object"},
      {R"("small":128)", "field 'small': integer 128 does not fit (-128 to 127)"},
      {R"("small":-129)", "field 'small': integer -129 does not fit (-128 to 127)"},
      {R"("natural":-1)", "field 'natural': integer -1 does not fit (0 to 4294967295)"},
      {R"("natural":4294967296)",
       "field 'natural': integer 4294967296 does not fit (0 to 4294967295)"},
      {R"("wide":9223372036854775808)",
       "field 'wide': integer 9223372036854775808 does not fit (-9223372036854775808 to "
       "9223372036854775807)"},
      {R"("wide":-99999999999999999999999)",
       "field 'wide': integer -99999999999999999999999 does not fit (-9223372036854775808 to "
       "9223372036854775807)"},
      {R"("ratio":"1.5")", R"(field 'ratio': expected a number, got a string ("1.5"))"},
      {R"("ratio":1e999)", "field 'ratio': number 1e999 does not fit a double"},
      {R"("text":1)", "field 'text': expected a string, got a number (1)"},
      {R"("text":["a"])", "field 'text': expected a string, got an array"},
      {R"("text":true)", "field 'text': expected a string, got a boolean"},
      {R"("at":"2024-02-30T00:00:00Z")",
       "field 'at': expected a UTC time such as 2024-02-29T12:34:56.000001Z, got a string "
       "(\"2024-02-30T00:00:00Z\")"},
      {R"("at":0)",
       "field 'at': expected a UTC time such as 2024-02-29T12:34:56.000001Z, got a number (0)"},
      {R"("day":"2023-02-29")",
       R"(field 'day': expected a date such as 2024-02-29, got a string ("2023-02-29"))"},
      {R"("day":"2023-2-1x")",
       R"(field 'day': expected a date such as 2024-02-29, got a string ("2023-2-1x"))"},
      {R"("amount":12.34)",
       R"(field 'amount': expected an amount such as "123.45 EUR", got a number (12.34))"},
      {R"("amount":"12.34")",
       R"(field 'amount': expected an amount such as "123.45 EUR", got a string ("12.34"))"},
      {R"("amount":"1.234 EUR")",
       R"(field 'amount': expected an amount such as "123.45 EUR", got a string ("1.234 EUR"): )"
       "EUR has 2 digits after the point"},
      {R"("amount":"1 EUX")",
       R"(field 'amount': expected an amount such as "123.45 EUR", got a string ("1 EUX"): )"
       "EUX is not a currency of ISO 4217"},
      {R"("amount":"92233720368547758.08 EUR")",
       R"(field 'amount': expected an amount such as "123.45 EUR", got a string )"
       R"(("92233720368547758.08 EUR"): more than 64 bits of minor units)"},
      {R"("id":"018f")",
       R"(field 'id': expected an id such as "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e", got a )"
       R"(string ("018f"))"},
      {R"("iban":"DE")",
       R"(field 'iban': expected an IBAN such as "DE75512108001245126199", got a string ("DE"))"},
      {R"("iban":"throw")",
       R"(field 'iban': expected an IBAN such as "DE75512108001245126199", got a string )"
       R"(("throw"): the bank is closed)"},
      {R"("channel":"wep")",
       R"(field 'channel': expected one of branch, web, atm, got a string ("wep"))"},
      {R"("channel":2)", "field 'channel': expected one of branch, web, atm, got a number (2)"},
      {R"("lines":{})", "field 'lines': expected an array, got an object"},
      {R"("lines":[{"text":"a","price":"0"},{"text":"b","price":"1.234 USD"}])",
       R"(field 'lines[1].price': expected an amount such as "123.45 EUR", got a string )"
       R"(("1.234 USD"): USD has 2 digits after the point)"},
      {R"("lines":[{"text":"a"}])", "field 'lines[0].price': is missing"},
      {R"("lines":[1])", "field 'lines[0]': expected an object, got a number (1)"},
      {R"("numbers":[3,4,3])", "field 'numbers[2]': is there twice"},
      {R"("pair":[1])", "field 'pair': expected an array of 2, got 1"},
      {R"("pair":[1,2,3])", "field 'pair': expected an array of 2, got more"},
      {R"("by_number":{"x":{}})",
       R"(field 'by_number.x': expected a key that is an integer, got a string ("x"))"},
      {R"("by_number":{"01":{}})",
       R"(field 'by_number.01': expected a key that is an integer, got a string ("01"))"},
      {R"("by_number":{"-0":{}})",
       R"(field 'by_number.-0': expected a key that is an integer, got a string ("-0"))"},
      {R"("by_number":{"3000000000":{}})",
       "field 'by_number.3000000000': integer 3000000000 does not fit (-2147483648 to "
       "2147483647)"},
      {R"("by_number":{"1":{"text":"","price":"0"},"1":{"text":"","price":"0"}})",
       "field 'by_number.1': is given twice"},
      {R"("by_number":{"1":{"text":2}})",
       "field 'by_number.1.text': expected a string, got a number (2)"},
      {R"("any":{"a":{"b":1,"b":2}})", "field 'any.a.b': is given twice"},
      {R"("any":[1,nul])", "field 'any[1]': not JSON at byte 10: expected null"},
  };
  for (const auto& [field, why] : cases) {
    expect_error<shapes::Probe>("{" + std::string(field) + "}", "probed: " + std::string(why));
  }
}

TEST(JsonErrors, ATextThatIsNotJsonIsNamedWithTheByte) {
  const Case cases[] = {
      {"", "not JSON at byte 0: expected an object, but the text ends"},
      {"   ", "not JSON at byte 3: expected an object, but the text ends"},
      {"[]", "expected an object, got an array"},
      {"null", "expected an object, got null"},
      {"nonsense", "not JSON at byte 0: expected an object"},
      {" false", "expected an object, got a boolean"},
      {" falsely", "expected an object, got a boolean"},
      {" fals", "not JSON at byte 1: expected an object"},
      {"{", "not JSON at byte 1: expected a field's name in quotes, but the text ends"},
      {"{,}", "not JSON at byte 1: expected a field's name in quotes"},
      {"{text:1}", "not JSON at byte 1: expected a field's name in quotes"},
      {R"({"text"})", "not JSON at byte 7: expected ':'"},
      {R"({"text" "a"})", "not JSON at byte 8: expected ':'"},
      {R"({"text":"a")", "not JSON at byte 11: expected ',' or '}', but the text ends"},
      {R"({"text":"a",})", "not JSON at byte 12: expected a field's name in quotes"},
      {R"({"text":"a"]})", "not JSON at byte 11: expected ',' or '}'"},
      {R"({"text":"a"} x)", "not JSON at byte 13: expected nothing after the value"},
      {R"({"text":"a"}{})", "not JSON at byte 12: expected nothing after the value"},
      {R"({"text":"a)",
       "field 'text': not JSON at byte 10: expected the end of the string, but the text ends"},
      {R"({"text":})", "field 'text': not JSON at byte 8: expected a string"},
      {R"({"flag":tru})", "field 'flag': not JSON at byte 8: expected true or false"},
      {R"({"small":01})",
       "field 'small': not JSON at byte 10: expected no digit after a leading zero"},
      {R"({"small":-})", "field 'small': not JSON at byte 10: expected a digit"},
      {R"({"small":+1})", "field 'small': not JSON at byte 9: expected an integer"},
      {R"({"ratio":1.})", "field 'ratio': not JSON at byte 11: expected a digit after the point"},
      {R"({"ratio":.5})", "field 'ratio': not JSON at byte 9: expected a number"},
      {R"({"ratio":1e})", "field 'ratio': not JSON at byte 11: expected a digit in the exponent"},
      {R"({"ratio":NaN})", "field 'ratio': not JSON at byte 9: expected a number"},
      {R"({"pair":[1,2)",
       "field 'pair': not JSON at byte 12: expected ',' or ']', but the text ends"},
      {R"({"pair":[1,]})", "field 'pair[1]': not JSON at byte 11: expected an integer"},
  };
  for (const auto& [text, why] : cases) {
    expect_error<shapes::Probe>(text, "probed: " + std::string(why));
  }
}

TEST(JsonErrors, NestingBeyondTheLimitIsRefusedEvenWhereItIsIgnored) {
  const std::string deep(100'000, '[');
  const auto known = annals::from_json<nlohmann::json>(deep);
  ASSERT_FALSE(known.has_value());
  EXPECT_NE(known.error().message.find("is nested deeper than 64"), std::string::npos);
  const auto ignored =
      annals::from_json<shapes::Empty>("{\"x\":" + deep, annals::UnknownFields::ignore);
  ASSERT_FALSE(ignored.has_value());
  EXPECT_EQ(ignored.error().message, "nothing_happened: field 'x': is nested deeper than 64");
}

TEST(JsonErrors, AnIgnoredFieldMustStillBeJson) {
  for (const std::string_view value :
       {"", "01", "\"\xFF\"", "\"\\ud800\"", "[1,]", "{\"a\"}", "tru", "nul", "1e", "\"\n\""}) {
    EXPECT_FALSE(annals::from_json<shapes::Empty>("{\"x\":" + std::string(value) + "}",
                                                  annals::UnknownFields::ignore))
        << value;
  }
}

TEST(JsonErrors, LongAndBrokenTextIsCutInTheMessage) {
  const auto value =
      annals::from_json<shapes::Withdrawn>("{\"amount\":\"" + std::string(5000, 'x') + "\"}");
  ASSERT_FALSE(value.has_value());
  EXPECT_LT(value.error().message.size(), 250U);
  EXPECT_NE(value.error().message.find("xxx…"), std::string::npos);
}

}  // namespace
