#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <annals/codec/event_type.hpp>

#include "shapes.hpp"

namespace {

using namespace annals::literals;
using annals::AnyCommand;
using annals::AnyEvent;
using shapes::Withdrawn;

struct Tagged {
  std::string customer;
  static constexpr std::uint32_t schema_version = 3;
  static std::vector<std::string> tags(const Tagged& event) {
    return {"customer:" + event.customer};
  }
  ANNALS_EVENT(Tagged, "tagged", customer);
};

struct Withdraw {
  annals::Money amount{};
  ANNALS_COMMAND(Withdraw, "withdraw", amount);
};

TEST(EventType, SaysWhatTheStructSays) {
  const auto& type = annals::event_type_of<Tagged>();
  EXPECT_EQ(type.name, "tagged");
  EXPECT_EQ(type.schema_version, 3U);
  EXPECT_EQ(type.table->count, 1U);
  EXPECT_EQ(annals::event_type_of<Withdrawn>().schema_version, 1U);
  EXPECT_EQ(annals::event_type_of<Withdrawn>().tags, nullptr);
  const Tagged event{"ada"};
  EXPECT_EQ(type.tags(&event), std::vector<std::string>{"customer:ada"});
}

TEST(EventType, ListsGiveTheTypesInOrder) {
  using List = annals::Events<Withdrawn, Tagged>;
  static_assert(List::contains<Tagged> && !List::contains<shapes::Empty>);
  constexpr auto types = List::types();
  EXPECT_EQ(types[0], &annals::event_type_of<Withdrawn>());
  EXPECT_EQ(types[1], &annals::event_type_of<Tagged>());
  static_assert(annals::Events<>::types().empty());
  static_assert(annals::Commands<Withdraw>::types()[0]->name == "withdraw");
}

TEST(AnyEvent, KnowsItsTypeAndGivesNoOther) {
  const AnyEvent event = Withdrawn{5_eur};
  EXPECT_EQ(event.name(), "money_withdrawn");
  ASSERT_NE(event.as<Withdrawn>(), nullptr);
  EXPECT_EQ(event.as<Withdrawn>()->amount, 5_eur);
  EXPECT_EQ(event.as<Tagged>(), nullptr);
}

TEST(AnyEvent, CopiesAreIndependentAndMovesTakeTheObject) {
  AnyEvent first = Tagged{"ada, countess of a name too long for a small string"};
  AnyEvent copy = first;
  static_cast<Tagged*>(copy.data())->customer = "bob";
  EXPECT_EQ(first.as<Tagged>()->customer.substr(0, 3), "ada");
  const void* object = first.data();
  AnyEvent moved = std::move(first);
  EXPECT_EQ(moved.data(), object);
  copy = moved;
  EXPECT_EQ(copy.as<Tagged>()->customer, moved.as<Tagged>()->customer);
  copy = Withdrawn{1_eur};
  EXPECT_EQ(copy.as<Withdrawn>()->amount, 1_eur);
}

TEST(AnyEvent, IsWrittenAsTheStructIs) {
  std::string text = ">";
  ASSERT_TRUE(annals::write_event(AnyEvent(Withdrawn{5_eur}), text));
  EXPECT_EQ(text, R"(>{"amount":"5.00 EUR"})");
}

TEST(AnyCommand, IsReadFromNameAndText) {
  const auto command =
      annals::decode_command(annals::command_type_of<Withdraw>(), R"({"amount":"7 EUR"})");
  ASSERT_TRUE(command.has_value()) << command.error().message;
  ASSERT_NE(command->as<Withdraw>(), nullptr);
  EXPECT_EQ(command->as<Withdraw>()->amount, 7_eur);
  std::string text;
  ASSERT_TRUE(annals::write_command(*command, text));
  EXPECT_EQ(text, R"({"amount":"7.00 EUR"})");
}

TEST(AnyCommand, UnknownFieldsAreRefused) {
  const auto command = annals::decode_command(annals::command_type_of<Withdraw>(),
                                              R"({"amount":"7 EUR","force":true})");
  ASSERT_FALSE(command.has_value());
  EXPECT_EQ(command.error().message, "withdraw: field 'force': is not a field of this type");
}

}  // namespace
