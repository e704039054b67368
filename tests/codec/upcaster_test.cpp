#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <annals/codec/json_value.hpp>
#include <annals/codec/upcaster.hpp>

#include "shapes.hpp"

namespace {

using namespace annals::literals;
using annals::ErrorCode;
using annals::Upcasters;
using nlohmann::json;

/// Version 1 had whole units in "units", version 2 an amount without currency, version 3 this.
struct Deposited {
  annals::Money amount{};
  static constexpr std::uint32_t schema_version = 3;
  ANNALS_EVENT(Deposited, "money_deposited", amount);
};

Upcasters complete() {
  Upcasters upcasters;
  EXPECT_TRUE(upcasters.add("money_deposited", 1, [](json event) {
    event["amount"] = std::to_string(event["units"].get<int>());
    event.erase("units");
    return event;
  }));
  EXPECT_TRUE(upcasters.add("money_deposited", 2, [](json event) -> annals::Result<json> {
    if (!event["amount"].is_string()) return annals::Error{.message = "amount is no string"};
    event["amount"] = event["amount"].get<std::string>() + " EUR";
    return event;
  }));
  return upcasters;
}

annals::Result<annals::AnyEvent> decode(std::uint32_t version, std::string_view text,
                                        const Upcasters& upcasters) {
  return annals::decode_event(annals::event_type_of<Deposited>(), version, text, upcasters);
}

TEST(Upcasters, EveryStoredVersionBecomesTheStruct) {
  const Upcasters upcasters = complete();
  for (const auto& [version, text] : {std::pair{1U, R"({"units":5})"},
                                      {2U, R"({"amount":"5"})"},
                                      {3U, R"({"amount":"5 EUR"})"}}) {
    const auto event = decode(version, text, upcasters);
    ASSERT_TRUE(event.has_value()) << event.error().message;
    EXPECT_EQ(event->as<Deposited>()->amount, 5_eur);
  }
}

TEST(Upcasters, FieldsOfANewerWriterAreIgnored) {
  const auto event = decode(3, R"({"amount":"5 EUR","memo":"rent"})", {});
  ASSERT_TRUE(event.has_value()) << event.error().message;
}

TEST(Upcasters, ANewerSchemaVersionIsUnsupported) {
  const auto event = decode(4, R"({"amount":"5 EUR"})", complete());
  ASSERT_FALSE(event.has_value());
  EXPECT_EQ(event.error().code, ErrorCode::unsupported);
  EXPECT_EQ(event.error().message,
            "money_deposited: stored in schema version 4, this program knows 3: deploy the newer "
            "program first");
}

TEST(Upcasters, AMissingStepIsUnsupportedAndNamed) {
  Upcasters upcasters;
  ASSERT_TRUE(upcasters.add("money_deposited", 1, [](json event) { return event; }));
  const auto event = decode(1, "{}", upcasters);
  ASSERT_FALSE(event.has_value());
  EXPECT_EQ(event.error().code, ErrorCode::unsupported);
  EXPECT_EQ(event.error().message,
            "there is no upcaster of money_deposited from schema version 2 to 3");
  EXPECT_FALSE(upcasters.reaches("money_deposited", 1, 3));
  EXPECT_TRUE(upcasters.reaches("money_deposited", 1, 2));
  EXPECT_TRUE(upcasters.reaches("money_deposited", 3, 3));
  EXPECT_FALSE(upcasters.reaches("money_deposited", 4, 3));
  EXPECT_EQ(decode(0, "{}", complete()).error().code, ErrorCode::unsupported);
}

TEST(Upcasters, WhatAStepThrowsOrReturnsIsAnErrorOfTheEvent) {
  Upcasters upcasters;
  ASSERT_TRUE(upcasters.add("money_deposited", 2, [](json) -> json {
    throw std::runtime_error("no rate for that day");
  }));
  ASSERT_TRUE(upcasters.add("money_deposited", 1, [](json) -> json { throw 42; }));
  EXPECT_EQ(decode(2, "{}", upcasters).error().message,
            "upcaster of money_deposited from schema version 2 threw: no rate for that day");
  EXPECT_EQ(decode(1, "{}", upcasters).error().message,
            "upcaster of money_deposited from schema version 1 threw: an exception that is not a "
            "std::exception");
  EXPECT_EQ(decode(2, R"({"amount":5})", complete()).error().message,
            "upcaster of money_deposited from schema version 2: amount is no string");
  // nlohmann's own exceptions too.
  EXPECT_FALSE(decode(1, R"({"units":"five"})", complete()));
}

TEST(Upcasters, AStepThatGivesTheWrongShapeIsAnErrorOfTheEvent) {
  Upcasters upcasters;
  ASSERT_TRUE(upcasters.add("money_deposited", 2, [](json) { return json::array(); }));
  EXPECT_EQ(decode(2, "{}", upcasters).error().message,
            "money_deposited: expected an object, got an array");
}

TEST(Upcasters, TextThatIsNotJsonIsRefusedBeforeAnyStep) {
  const auto event = decode(1, R"({"units":1,"units":2})", complete());
  ASSERT_FALSE(event.has_value());
  EXPECT_NE(event.error().message.find("field 'units': is given twice"), std::string::npos);
}

TEST(Upcasters, AStepIsRegisteredOnceAndFromOneOn) {
  Upcasters upcasters = complete();
  EXPECT_EQ(upcasters.add("money_deposited", 1, [](json event) { return event; }).error().message,
            "upcaster of money_deposited from schema version 1 is registered already");
  EXPECT_FALSE(upcasters.add("money_deposited", 0, [](json event) { return event; }));
}

TEST(Upcasters, ARenamedEventIsFoundUnderItsNameOfToday) {
  Upcasters upcasters = complete();
  ASSERT_TRUE(upcasters.rename("deposit", "money_in"));
  ASSERT_TRUE(upcasters.rename("money_in", "money_deposited"));
  EXPECT_EQ(upcasters.current_name("deposit"), "money_deposited");
  EXPECT_EQ(upcasters.current_name("money_deposited"), "money_deposited");
  EXPECT_EQ(upcasters.current_name("other"), "other");
  EXPECT_FALSE(upcasters.rename("deposit", "else"));
  EXPECT_FALSE(upcasters.rename("money_deposited", "deposit"));
  EXPECT_FALSE(upcasters.rename("same", "same"));
}

TEST(Upcasters, DecodingInPlaceLeavesNothingOfTheEventBefore) {
  shapes::Line line{"before", 1_eur, 3};
  const annals::EventType& type = annals::event_type_of<shapes::Everything>();
  shapes::Everything event;
  event.note = "before";
  event.lines = {line};
  const std::string text = annals::to_json(shapes::Everything{}).value();
  ASSERT_TRUE(annals::decode_event_into(type, 1, text, {}, &event));
  EXPECT_EQ(event, shapes::Everything{});
}

}  // namespace
