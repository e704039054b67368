#include "account.hpp"

#include <gtest/gtest.h>

#include <annals/testkit/aggregate_spec.hpp>

namespace bank {
namespace {

using annals::testkit::given;
using namespace annals::literals;

const AccountOpened opened{"Ada", 50_eur};
const MoneyDeposited deposited{100_eur, "salary"};

TEST(Account, OpensOnce) {
  given<Account>().when(OpenAccount{"Ada", 50_eur}).then(opened);
  given<Account>(opened).when(OpenAccount{"Bob", 0_eur}).then_rejected("already-open");
  given<Account>(opened, AccountClosed{})
      .when(OpenAccount{"Ada", 0_eur})
      .then_rejected("already-open");
}

TEST(Account, OpensOnlyWithAnOwnerACurrencyAndNoNegativeOverdraft) {
  given<Account>().when(OpenAccount{"", 50_eur}).then_rejected("no-owner");
  given<Account>().when(OpenAccount{"Ada", Money{}}).then_rejected("no-currency");
  given<Account>().when(OpenAccount{"Ada", -(1_eur)}).then_rejected("bad-amount");
}

TEST(Account, HasTheCurrencyOfItsOverdraft) {
  EXPECT_EQ(given<Account>(AccountOpened{"Ada", 0_eur}).state().balance.currency(), "EUR");
}

TEST(Account, DepositIsAddedToTheBalance) {
  given<Account>(opened).when(Deposit{100_eur, "salary"}).then(deposited);
  EXPECT_EQ(given<Account>(opened, deposited, deposited).state().balance, 200_eur);
}

TEST(Account, NoAmountIsZeroOrNegative) {
  for (const Money& amount : {0_eur, -(1_eur)}) {
    given<Account>(opened, deposited).when(Deposit{amount}).then_rejected("bad-amount");
    given<Account>(opened, deposited).when(Withdraw{amount}).then_rejected("bad-amount");
    given<Account>(opened, deposited).when(Charge{amount}).then_rejected("bad-amount");
  }
}

TEST(Account, WithdrawalOfTheBalanceAndTheWholeOverdraftIsAllowed) {
  given<Account>(opened, deposited).when(Withdraw{150_eur}).then(MoneyWithdrawn{150_eur, ""});
}

// [docs:one-cent-more]
TEST(Account, WithdrawalOfOneCentMoreIsRejected) {
  given<Account>(opened, deposited).when(Withdraw{150.01_eur}).then_rejected("insufficient-funds");
}
// [docs:one-cent-more]

TEST(Account, AChargeIsTakenWhateverTheBalanceIs) {
  given<Account>(opened).when(Charge{500_eur, "fee"}).then(AccountCharged{500_eur, "fee"});
  EXPECT_EQ(given<Account>(opened, AccountCharged{500_eur, ""}).state().balance, -(500_eur));
}

TEST(Account, AnAccountOverdrawnByChargesTakesDepositsAndRefusesWithdrawals) {
  const auto overdrawn = given<Account>(opened, AccountCharged{500_eur, ""});
  overdrawn.when(Deposit{1_eur}).then(MoneyDeposited{1_eur, ""});
  overdrawn.when(Withdraw{1_eur}).then_rejected("insufficient-funds");
}

TEST(Account, NothingMovesBeforeOpeningAndAfterClosing) {
  for (const auto& account : {given<Account>(), given<Account>(opened, AccountClosed{})}) {
    const std::string rule = account.state().status == Status::closed ? "closed" : "not-open";
    account.when(Deposit{1_eur}).then_rejected(rule);
    account.when(Withdraw{1_eur}).then_rejected(rule);
    account.when(Charge{1_eur}).then_rejected(rule);
    account.when(Freeze{}).then_rejected("not-open");
    account.when(Unfreeze{}).then_rejected("not-frozen");
    account.when(Close{}).then_rejected("not-open");
  }
}

TEST(Account, AFrozenAccountLetsMoneyInAndFeesOutUntilItIsUnfrozen) {
  const auto frozen = given<Account>(opened, deposited, AccountFrozen{"lost card"});
  frozen.when(Deposit{1_eur}).then(MoneyDeposited{1_eur, ""});
  frozen.when(Charge{1_eur}).then(AccountCharged{1_eur, ""});
  frozen.when(Withdraw{1_eur}).then_rejected("frozen");
  frozen.when(Close{}).then_rejected("not-open");
  frozen.when(Freeze{}).then_rejected("not-open");
  frozen.when(Unfreeze{}).then(AccountUnfrozen{});
  given<Account>(opened, deposited, AccountFrozen{""}, AccountUnfrozen{})
      .when(Withdraw{1_eur})
      .then(MoneyWithdrawn{1_eur, ""});
}

TEST(Account, ClosesOnlyWhenEmpty) {
  given<Account>(opened).when(Close{}).then(AccountClosed{});
  given<Account>(opened, deposited).when(Close{}).then_rejected("not-empty");
  given<Account>(opened, AccountCharged{1_eur, ""}).when(Close{}).then_rejected("not-empty");
}

}  // namespace
}  // namespace bank
