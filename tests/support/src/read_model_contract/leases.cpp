// Who may project, and until when.

#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_leases() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests
using std::chrono::hours;
using std::chrono::milliseconds;

// A process of this pid once was: it began at another time.
Holder dead_holder() {
  Holder holder = make_holder();
  ++holder.started;
  return holder;
}

}  // namespace

TEST_P(ReadModelStoreContract, AFirstClaimMakesTheTablesEmpty) {
  const Claim mine = claim(lending());
  EXPECT_EQ(mine.projection, "lending");
  EXPECT_TRUE(all<Reader>().empty());
  EXPECT_TRUE(all<Loan>().empty());
  const auto kept = record("lending");
  ASSERT_TRUE(kept);
  EXPECT_FALSE(kept->checkpoint);
  EXPECT_EQ(kept->epoch, mine.epoch);
  EXPECT_FALSE(record("another"));
}

TEST_P(ReadModelStoreContract, AnEmptyDatabaseHasNoRecords) {
  const auto records = store().records();
  ASSERT_TRUE(records);
  EXPECT_TRUE(records->empty());
  EXPECT_FALSE(record("lending"));
}

TEST_P(ReadModelStoreContract, ALeaseThatHasNotRunOutIsRespectedAndItsHolderIsNamed) {
  const Claim first = claim(lending());
  const auto refused = open_again()->claim(lending(), {}, make_holder(), hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("pid " + std::to_string(first.holder.pid)),
            std::string::npos)
      << refused.error().message;
  commit(batch_to(first, 1));
}

TEST_P(ReadModelStoreContract, AHolderOnAnotherMachineIsRespectedSinceItMayBeAlive) {
  Holder elsewhere = dead_holder();
  elsewhere.host += "-not-here";
  ASSERT_TRUE(store().claim(lending(), {}, elsewhere, hours(1)));
  const auto refused = store().claim(lending(), {}, make_holder(), hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST_P(ReadModelStoreContract, TheLeaseOfADeadProcessIsTakenOverAtOnce) {
  const auto first = store().claim(lending(), {}, dead_holder(), hours(1));
  ASSERT_TRUE(first);
  const Claim second = claim(lending());
  EXPECT_GT(second.epoch, first->epoch);
}

TEST_P(ReadModelStoreContract, ALeaseThatHasRunOutIsTakenOver) {
  const auto first = store().claim(lending(), {}, make_holder(), milliseconds(1));
  ASSERT_TRUE(first);
  const auto deadline = never();
  auto second = store().claim(lending(), {}, make_holder(), hours(1));
  while (!second && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(1));
    second = store().claim(lending(), {}, make_holder(), hours(1));
  }
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_GT(second->epoch, first->epoch);
  const auto renewed = store().renew(*first, hours(1));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, ErrorCode::wrong_expected_version);
}

TEST_P(ReadModelStoreContract, AHolderMayClaimAgainAndItsEarlierClaimEnds) {
  const Holder holder = make_holder();
  const auto first = store().claim(lending(), {}, holder, hours(1));
  const auto second = store().claim(lending(), {}, holder, hours(1));
  ASSERT_TRUE(first && second);
  EXPECT_GT(second->epoch, first->epoch);
  EXPECT_FALSE(store().renew(*first, hours(1)));
  EXPECT_TRUE(store().renew(*second, hours(1)));
}

TEST_P(ReadModelStoreContract, RenewingHoldsTheLeaseForLonger) {
  const auto mine = store().claim(lending(), {}, make_holder(), hours(1));
  ASSERT_TRUE(mine);
  const auto before = record("lending");
  const auto renewed = store().renew(*mine, hours(5));
  ASSERT_TRUE(renewed) << to_string(renewed.error());
  EXPECT_GE(renewed->lease_until - before->lease_until, hours(3));
  EXPECT_EQ(record("lending")->lease_until, renewed->lease_until);
  EXPECT_EQ(renewed->epoch, mine->epoch);
}

TEST_P(ReadModelStoreContract, ACommitHoldsTheLeaseForLonger) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 1);
  const auto before = record("lending");
  batch.lease = hours(5);
  EXPECT_GE(commit(batch).lease_until - before->lease_until, hours(3));
}

TEST_P(ReadModelStoreContract, WhatIsReleasedCanBeClaimedAtOnce) {
  const Claim first = claim(lending());
  commit(batch_to(first, 7));
  ASSERT_TRUE(store().release(first));
  EXPECT_FALSE(record("lending")->holder);
  const Claim second = claim(lending());
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_EQ(record("lending")->position(), GlobalPosition{7});
  EXPECT_FALSE(store().renew(first, hours(1)));
}

TEST_P(ReadModelStoreContract, ReleasingWhatWasTakenOverLeavesItToItsHolder) {
  const auto first = store().claim(lending(), {}, dead_holder(), hours(1));
  ASSERT_TRUE(first);
  const Claim second = claim(lending());
  EXPECT_TRUE(store().release(*first));
  EXPECT_EQ(record("lending")->holder, second.holder);
  EXPECT_TRUE(store().renew(second, hours(1)));
}

TEST_P(ReadModelStoreContract, RowsOfAnotherDefinitionAreRefusedAndARebuildIsAskedFor) {
  const Claim first = claim(lending());
  ASSERT_TRUE(store().release(first));
  const auto refused = store().claim(lending_with_towns(), {}, make_holder(), hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_NE(refused.error().message.find("rebuild"), std::string::npos) << refused.error().message;
  EXPECT_EQ(record("lending")->version, 1U);
  EXPECT_EQ(record("lending")->epoch, first.epoch);
}

TEST_P(ReadModelStoreContract, ATableOfAnotherProjectionIsNotTaken) {
  claim(lending());
  const auto refused =
      store().claim(projection_type_of<RivalLending>(), {}, make_holder(), hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("loans"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(record("rival_lending"));
  // Its first table was not left behind.
  claim(shelving());
}

TEST_P(ReadModelStoreContract, AHaltIsRecordedAndForgotten) {
  const Claim mine = claim(lending());
  commit(batch_to(mine, 3));
  ASSERT_TRUE(store().halt(mine, "event 4: 1.00 EUR + 1.00 USD"));
  EXPECT_EQ(record("lending")->failure, "event 4: 1.00 EUR + 1.00 USD");
  EXPECT_EQ(record("lending")->position(), GlobalPosition{3});
  ASSERT_TRUE(store().clear_failure("lending"));
  EXPECT_EQ(record("lending")->failure, "");
}

// A failure may quote what came from elsewhere.
TEST_P(ReadModelStoreContract, AHaltForWhateverBytesIsRecorded) {
  const Claim mine = claim(lending());
  ASSERT_TRUE(store().halt(mine, std::string("event 4: \xff\0\xc3 was found", 22)));
  EXPECT_TRUE(record("lending")->failure.starts_with("event 4: "));
}

TEST_P(ReadModelStoreContract, OnlyTheHolderCanHaltAProjection) {
  const auto first = store().claim(lending(), {}, dead_holder(), hours(1));
  ASSERT_TRUE(first);
  claim(lending());
  const auto refused = store().halt(*first, "zombie");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  EXPECT_EQ(record("lending")->failure, "");
}

TEST_P(ReadModelStoreContract, AnybodyCanPauseAProjectionAndItsHolderSeesIt) {
  const Claim mine = claim(lending());
  ASSERT_TRUE(open_again()->set_paused("lending", true));
  const auto seen = store().renew(mine, hours(1));
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->paused);
  EXPECT_TRUE(commit(batch_to(mine, 1)).paused);
  ASSERT_TRUE(open_again()->set_paused("lending", false));
  EXPECT_FALSE(record("lending")->paused);
}

TEST_P(ReadModelStoreContract, WhatIsNotHereCannotBePausedNorForgiven) {
  const auto paused = store().set_paused("lending", true);
  ASSERT_FALSE(paused);
  EXPECT_EQ(paused.error().code, ErrorCode::invalid_argument);
  const auto cleared = store().clear_failure("lending");
  ASSERT_FALSE(cleared);
  EXPECT_EQ(cleared.error().code, ErrorCode::invalid_argument);
}

}  // namespace annals::testkit
