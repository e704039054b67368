// The bank on a store in PostgreSQL: the same commands, the same answers.

#include "postgres/database.hpp"

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "read_side.hpp"
#include "session.hpp"

namespace bank {
namespace {

using namespace annals::literals;

TEST(BankDatabase, CommandsReadModelsAndProofWorkOnADatabase) {
  ANNALS_NEEDS_POSTGRES();
  const annals::postgres_test::Database database;
  const annals::testkit::TemporaryFolder folder;
  const Session session{.data = folder.file("bank"), .store = database.url()};
  EXPECT_FALSE(session.open(Access::write)) << "there is none yet";
  {
    auto store = session.open(Access::make);
    ASSERT_TRUE(store) << to_string(store.error());
    Bank bank(std::move(*store));
    const auto opened = bank.bus().send("ada", OpenAccount{.owner = "Ada", .overdraft = 0.00_eur});
    ASSERT_TRUE(opened) << to_string(opened.error());
    ASSERT_TRUE(bank.bus().send("bob", OpenAccount{.owner = "Bob", .overdraft = 0.00_eur}));
    ASSERT_TRUE(bank.bus().send("ada", Deposit{.amount = 100.00_eur}));
    ASSERT_TRUE(bank.bus().send(SendMoney{.from = "ada", .to = "bob", .amount = 30.00_eur}));
    const auto rejected = bank.bus().send("bob", Withdraw{.amount = 31.00_eur});
    ASSERT_FALSE(rejected);
    EXPECT_EQ(rejected.error().code, annals::ErrorCode::rejected);
  }
  auto reading = Reading::open(session);
  ASSERT_TRUE(reading) << to_string(reading.error());
  const auto report = session.verify({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome, annals::VerifyReport::Outcome::whole);
  EXPECT_EQ(report->position, reading->events->head().position);
}

}  // namespace
}  // namespace bank
