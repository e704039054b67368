// What cannot be added up is rejected by the bus and never becomes an event.

#include <limits>

#include <gtest/gtest.h>

#include <annals/eventstore/memory_event_store.hpp>

#include "bank.hpp"

namespace bank {
namespace {

using namespace annals::literals;

class MoneyRule : public testing::Test {
 protected:
  template <typename Command>
  std::string rule_of(const std::string& account, Command command) {
    const auto answer = bank_.bus().send(account, std::move(command));
    return answer ? "accepted" : answer.error().rule;
  }

  Bank bank_{annals::make_memory_event_store()};
  const Money most_ = Money::of_minor(std::numeric_limits<std::int64_t>::max(), "EUR");
};

TEST_F(MoneyRule, AnotherCurrencyIsRejectedWhereverMoneyMoves) {
  ASSERT_EQ(rule_of("a", OpenAccount{"Ada", 10_eur}), "accepted");
  ASSERT_EQ(rule_of("b", OpenAccount{"Bob", 10_usd}), "accepted");
  EXPECT_EQ(rule_of("a", Deposit{1_usd}), "money");
  EXPECT_EQ(rule_of("a", Withdraw{1_usd}), "money");
  EXPECT_EQ(rule_of("a", Charge{1_usd}), "money");
  const auto transfer = bank_.bus().send(SendMoney{"a", "b", 1_eur});
  ASSERT_FALSE(transfer);
  EXPECT_EQ(transfer.error().rule, "money");
  EXPECT_EQ(bank_.store().head().position.value, 2U);
}

TEST_F(MoneyRule, ABalanceBeyondSixtyFourBitsIsRejected) {
  ASSERT_EQ(rule_of("a", OpenAccount{"Ada", 0_eur}), "accepted");
  ASSERT_EQ(rule_of("a", Deposit{most_}), "accepted");
  EXPECT_EQ(rule_of("a", Deposit{0.01_eur}), "money");
  ASSERT_EQ(rule_of("b", OpenAccount{"Bob", 0_eur}), "accepted");
  ASSERT_EQ(rule_of("b", Charge{most_}), "accepted");
  ASSERT_EQ(rule_of("b", Charge{0.01_eur}), "accepted");
  EXPECT_EQ(rule_of("b", Charge{0.01_eur}), "money");
  EXPECT_EQ(bank_.store().head().position.value, 5U);
}

TEST_F(MoneyRule, BooksThatCouldNotBeAddedUpAreRejected) {
  const auto record = [&](const std::string& name, const Money& amount) {
    const auto answer = bank_.bus().send(RecordTransaction{name, {{"a", amount}, {"b", -amount}}});
    return answer ? "accepted" : answer.error().rule;
  };
  ASSERT_EQ(record("1", most_), "accepted");
  EXPECT_EQ(record("2", 0.01_eur), "money");
  EXPECT_EQ(record("3", 1_usd), "money");
  EXPECT_EQ(bank_.store().head().position.value, 2U);
}

TEST_F(MoneyRule, ATransactionIsFoundByItsNameInWhateverAccountsItStands) {
  const std::vector<Posting> postings = {{"a", 1_eur}, {"b", -(1_eur)}};
  const std::vector<Posting> others = {{"c", 1_eur}, {"d", -(1_eur)}};
  ASSERT_TRUE(bank_.bus().send(RecordTransaction{"1", postings}));
  EXPECT_EQ(bank_.bus().send(RecordTransaction{"1", others}).error().rule, "already-recorded");
  EXPECT_EQ(bank_.bus().send(WithdrawTransaction{"1", others}).error().rule, "not-recorded");
  ASSERT_TRUE(bank_.bus().send(WithdrawTransaction{"1", postings}));
  EXPECT_EQ(bank_.bus().send(WithdrawTransaction{"1", postings}).error().rule, "not-recorded");
  ASSERT_TRUE(bank_.bus().send(RecordTransaction{"1", others}));
}

}  // namespace
}  // namespace bank
