#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <annals/aggregates/aggregate.hpp>
#include <annals/testkit/aggregate_spec.hpp>

#include "account.hpp"

namespace bank {
namespace {

using annals::DecidedEvent;
using annals::Timestamp;
using annals::testkit::given;
using namespace annals::literals;  // NOLINT(google-build-using-namespace)

TEST(Account, IsTestedWithoutAnyFramework) {
  const Account account{.open = true, .balance = 10_eur};
  EXPECT_EQ(account.decide(Withdraw{11_eur}).rule(), "insufficient-funds");
  const Decision accepted = account.decide(Withdraw{10_eur});
  ASSERT_FALSE(accepted.rejected());
  ASSERT_NE(accepted.get<MoneyWithdrawn>(), nullptr);
  EXPECT_EQ(accepted.get<MoneyWithdrawn>()->amount, 10_eur);
  EXPECT_EQ(accepted.get<MoneyDeposited>(), nullptr);
  EXPECT_EQ(accepted.get<MoneyWithdrawn>(1), nullptr);
}

TEST(AggregateSpec, ComparesWhatWasDecided) {
  given<Account>(AccountOpened{"Ada"}, MoneyDeposited{5_eur})
      .when(Withdraw{5_eur})
      .then(MoneyWithdrawn{5_eur});
  given<Account>().when(Withdraw{5_eur}).then_rejected("not-open");
  given<Account>(AccountOpened{"Ada"}).when(OpenAccount{"Ada"}).then_nothing();
  given<Account>(AccountOpened{"Ada"}, MoneyDeposited{5_eur})
      .when(Withdraw{5_usd})
      .then_rejected("money");
}

TEST(AggregateSpec, FailsOnAnotherAmountAnotherEventAndAnotherRule) {
  const auto account = given<Account>(AccountOpened{"Ada"}, MoneyDeposited{5_eur});
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{5_eur}).then(MoneyWithdrawn{4_eur}), "4.00 EUR");
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{5_eur}).then(MoneyDeposited{5_eur}), "expected");
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{5_eur}).then_nothing(), "no events");
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{5_eur}).then_rejected("x"), "not rejected");
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{6_eur}).then_rejected("x"), "insufficient-funds");
  EXPECT_NONFATAL_FAILURE(account.when(Withdraw{6_eur}).then(MoneyWithdrawn{6_eur}), "rejected");
}

TEST(Decision, IsMadeFromOneEventSeveralAVectorOrNothing) {
  const Decision one = MoneyDeposited{1_eur};
  EXPECT_EQ(one.size(), 1U);
  const Decision two = {MoneyDeposited{1_eur}, MoneyWithdrawn{2_eur}};
  EXPECT_EQ(two.size(), 2U);
  EXPECT_NE(two.get<MoneyWithdrawn>(1), nullptr);
  const Decision of_one_type = std::vector<MoneyDeposited>(3);
  EXPECT_EQ(of_one_type.size(), 3U);
  std::vector<DecidedEvent> mixed;
  mixed.emplace_back(MoneyDeposited{1_eur});
  mixed.emplace_back(annals::to("7", MoneyWithdrawn{2_eur}));
  const Decision of_many_types = mixed;
  EXPECT_EQ(of_many_types.size(), 2U);
  const Decision nothing = {};
  EXPECT_TRUE(nothing.empty());
  EXPECT_FALSE(nothing.rejected());
  const Decision no = reject("rule", "why");
  EXPECT_TRUE(no.rejected());
  EXPECT_EQ(no.rule(), "rule");
  EXPECT_EQ(no.message(), "why");
}

TEST(Decision, KeepsTargetsTimesAndTags) {
  const Timestamp time{std::chrono::hours(5)};
  const Decision decision = {
      annals::to("7", MoneyWithdrawn{2_eur}).effective_at(time).tag("a").tag("b"),
      annals::to<Account>("8", MoneyDeposited{2_eur}).known_at(time),
      annals::to_stream("notes", MoneyDeposited{2_eur}), annals::record(MoneyDeposited{3_eur})};
  const auto& events = decision.events();
  EXPECT_EQ(events[0].target().id, "7");
  EXPECT_EQ(events[0].effective_at(), time);
  EXPECT_EQ(events[0].known_at(), std::nullopt);
  EXPECT_EQ(events[0].tags(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(events[1].target().stream, "account-8");
  EXPECT_FALSE(events[1].target().blind);
  EXPECT_EQ(events[1].known_at(), time);
  EXPECT_TRUE(events[2].target().blind);
  EXPECT_TRUE(events[3].target().id.empty() && events[3].target().stream.empty());
}

TEST(AggregateType, ListsEventsAndCommands) {
  const annals::AggregateType& type = annals::aggregate_type_of<Account>();
  EXPECT_EQ(type.category, "account");
  EXPECT_EQ(type.command_count, 3U);
  EXPECT_EQ(type.fold->event_count, 3U);
  EXPECT_NE(type.fold->find("money_deposited"), nullptr);
  EXPECT_EQ(type.fold->find("money_burnt"), nullptr);
  EXPECT_FALSE(type.fold->needs_info);
  EXPECT_EQ(stream_name(type, "42"), "account-42");
}

}  // namespace
}  // namespace bank
