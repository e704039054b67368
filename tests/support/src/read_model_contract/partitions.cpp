// A projection that is split: each partition has a checkpoint, a lease and an epoch of its own, and
// all of them are one read model.

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_partitions() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests
using std::chrono::hours;
using std::chrono::milliseconds;

const std::vector<Reader> ada_alone{{.name = "Ada", .books = 1}};
const std::vector<Reader> ben_alone{{.name = "Ben", .books = 2}};

std::vector<CheckpointRecord> partitions_in(const ReadModelStore& store) {
  auto records = store.records();
  EXPECT_TRUE(records) << to_string(records.error());
  return records ? *std::move(records) : std::vector<CheckpointRecord>();
}

std::vector<std::uint64_t> positions_in(const ReadModelStore& store) {
  std::vector<std::uint64_t> positions;
  for (const CheckpointRecord& record : partitions_in(store)) {
    positions.push_back(record.position().value);
  }
  return positions;
}

template <typename T>
void expect_refused(const Result<T>& result, ErrorCode code, const std::string& words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << to_string(result.error());
  EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

}  // namespace

TEST_P(ReadModelStoreContract, TheFirstClaimOfAPartitionMakesARecordForEachOfThem) {
  const Claim mine = claim(lending(), {2, 4});
  EXPECT_EQ(mine.partition, (Partition{2, 4}));
  const auto records = partitions_in(store());
  ASSERT_EQ(records.size(), 4U);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(records[i].partition, (Partition{i, 4}));
    EXPECT_FALSE(records[i].checkpoint);
    EXPECT_EQ(records[i].holder.has_value(), i == 2);
    EXPECT_EQ(records[i].tables, (std::vector<std::string>{"loans", "readers"}));
  }
  EXPECT_TRUE(records[2].leased);
  EXPECT_FALSE(records[0].leased);
}

TEST_P(ReadModelStoreContract, PartitionsAreHeldAndMoveEachOnItsOwn) {
  const auto other = open_again();
  const Claim first = claim(lending(), {0, 2});
  const Claim second = claim_in(*other, lending(), {1, 2});
  auto batch = batch_to(first, 9);
  batch.changes.push_back(written(ada_alone));
  commit(batch);
  batch = batch_in(*other, second, 4);
  batch.changes.push_back(written(ben_alone));
  commit_in(*other, batch);
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{9, 4}));
  EXPECT_EQ(all<Reader>(), (std::vector<Reader>{ada_alone[0], ben_alone[0]}));
  // Who takes one over ends the claim of that one only.
  const Claim again = *store().claim(lending(), {1, 2}, second.holder, hours(1));
  EXPECT_GT(again.epoch, second.epoch);
  expect_refused(other->commit(batch), ErrorCode::wrong_expected_version, "epoch");
  commit(batch_to(first, 10));
  commit(batch_to(again, 5));
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{10, 5}));
}

TEST_P(ReadModelStoreContract, APartitionBatchThatBeginsElsewhereIsRefused) {
  const Claim first = claim(lending(), {0, 2});
  const Claim second = claim(lending(), {1, 2});
  commit(batch_to(first, 9));
  // The other one's place does not do.
  auto batch = batch_to(second, 9);
  batch.before = batch_to(first, 9).before;
  batch.changes.push_back(written(ada_alone));
  expect_refused(store().commit(batch), ErrorCode::wrong_expected_version, "begins at");
  EXPECT_TRUE(all<Reader>().empty());
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{9, 0}));
}

TEST_P(ReadModelStoreContract, AnotherNumberOfPartitionsIsRefusedAndTheErrorSaysHowToChangeIt) {
  commit(batch_to(claim(lending(), {1, 3}), 1));
  for (const Partition wrong : {Partition{0, 1}, Partition{1, 2}, Partition{3, 4}}) {
    const auto refused = store().claim(lending(), wrong, make_holder(), hours(1));
    expect_refused(refused, ErrorCode::invalid_argument, "is split into 3 partitions");
    EXPECT_NE(refused.error().message.find("rebuild the projection with partitions = " +
                                           std::to_string(wrong.count)),
              std::string::npos)
        << refused.error().message;
  }
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{0, 1, 0}));
  claim(shelving());
  expect_refused(store().claim(shelving(), {0, 2}, make_holder(), hours(1)),
                 ErrorCode::invalid_argument, "is split into 1 partition,");
}

TEST_P(ReadModelStoreContract, WhatPartitionsAreSplitByIsKeptAndAnotherWayIsRefused) {
  const ProjectionType& shared = projection_type_of<ShelvingByStream>();
  const Partition by_stream{1, 3, SplitBy::stream};
  Claim mine = claim(shared, by_stream);
  EXPECT_EQ(mine.partition, by_stream);
  commit(batch_to(mine, 5));
  ASSERT_TRUE(store().release(mine));
  mine = claim(shared, by_stream);
  for (const CheckpointRecord& each : partitions_in(*open_again())) {
    EXPECT_EQ(each.partition, (Partition{each.partition.index, 3, SplitBy::stream}));
  }
  expect_refused(store().claim(shared, {0, 3}, make_holder(), hours(1)),
                 ErrorCode::invalid_argument,
                 "is split by stream, the program asks for a split by row");
  expect_refused(store().claim(lending(), {0, 3, SplitBy::stream}, make_holder(), hours(1)),
                 ErrorCode::invalid_argument, "rows_of_one_stream");
  claim(lending(), {0, 3});
  EXPECT_EQ(record("lending")->partition.split_by, SplitBy::row);
}

TEST_P(ReadModelStoreContract, PartitionsThatCannotBeAreRefused) {
  for (const Partition wrong :
       {Partition{0, 0}, Partition{2, 2}, Partition{0, partitions_max + 1}}) {
    expect_refused(store().claim(lending(), wrong, make_holder(), hours(1)),
                   ErrorCode::invalid_argument, "cannot have");
  }
  expect_refused(store().claim(notes(), {0, 2}, make_holder(), hours(1)),
                 ErrorCode::invalid_argument, "hand-written SQL");
  EXPECT_TRUE(partitions_in(store()).empty());
  claim(lending(), {partitions_max - 1, partitions_max});
  EXPECT_EQ(partitions_in(store()).size(), partitions_max);
}

TEST_P(ReadModelStoreContract, AReadersPositionIsThatOfThePartitionFurthestBehind) {
  const Claim first = claim(lending(), {0, 3});
  const Claim second = claim(lending(), {1, 3});
  commit(batch_to(first, 9));
  commit(batch_to(second, 7));
  EXPECT_EQ(record("lending")->position(), GlobalPosition{});
  EXPECT_FALSE(record("lending")->checkpoint);
  commit(batch_to(claim(lending(), {2, 3}), 8));
  EXPECT_EQ(record("lending")->position(), GlobalPosition{7});
  EXPECT_EQ(record("lending")->partition, (Partition{1, 3}));
  auto now = std::chrono::steady_clock::now();
  EXPECT_EQ((**store().wait("lending", GlobalPosition{7}, never())).position(), GlobalPosition{7});
  EXPECT_EQ((**store().wait("lending", GlobalPosition{8}, now)).position(), GlobalPosition{7});
}

TEST_P(ReadModelStoreContract, AWaiterIsWokenWhenTheLastPartitionReachesItsPosition) {
  const auto other = open_again();
  const Claim first = claim(lending(), {0, 2});
  const Claim second = claim_in(*other, lending(), {1, 2});
  const auto wait_in = [&](ReadModelStore& database) {
    return std::async(std::launch::async, [&database, until = never()] {
      return database.wait("lending", GlobalPosition{5}, until);
    });
  };
  auto here = wait_in(store());
  auto elsewhere = wait_in(*other);
  while (!store().awaited("lending") || !other->awaited("lending")) std::this_thread::yield();
  commit(batch_to(first, 9));
  commit_in(*other, batch_in(*other, second, 4));
  EXPECT_EQ(here.wait_for(milliseconds(20)), std::future_status::timeout);
  commit_in(*other, batch_in(*other, second, 6));
  for (auto* waiting : {&here, &elsewhere}) {
    const auto found = waiting->get();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->position(), GlobalPosition{6});
  }
}

TEST_P(ReadModelStoreContract, AHaltOfAPartitionEndsWaitsThatItKeepsFromEnding) {
  const Claim first = claim(lending(), {0, 2});
  const Claim second = claim(lending(), {1, 2});
  commit(batch_to(first, 9));
  ASSERT_TRUE(store().halt(first, "cannot go on"));
  commit(batch_to(second, 3));
  // The one that has halted is not in the way of position 5: the other one is waited for.
  const auto late = store().wait("lending", GlobalPosition{5},
                                 std::chrono::steady_clock::now() + milliseconds(20));
  ASSERT_TRUE(late && *late);
  EXPECT_EQ((*late)->position(), GlobalPosition{3});
  EXPECT_EQ((*late)->failure, "cannot go on");
  const auto halted = store().wait("lending", GlobalPosition{10}, never());
  ASSERT_TRUE(halted && *halted);
  EXPECT_EQ((*halted)->failure, "cannot go on");
}

TEST_P(ReadModelStoreContract, APauseAndTheEndOfAFailureAreForAllPartitions) {
  const Claim first = claim(lending(), {0, 2});
  const Claim second = claim(lending(), {1, 2});
  ASSERT_TRUE(store().halt(second, "cannot go on"));
  ASSERT_TRUE(store().set_paused("lending", true));
  ASSERT_TRUE(store().clear_failure("lending"));
  for (const CheckpointRecord& record : partitions_in(store())) {
    EXPECT_TRUE(record.paused);
    EXPECT_EQ(record.failure, "");
  }
  EXPECT_TRUE(store().renew(first, hours(1))->paused);
}

TEST_P(ReadModelStoreContract, APartitionThatIsAskedForIsSeenByItsHolderAndLeftToWhoAsked) {
  const auto other = open_again();
  const Claim mine = claim(lending(), {1, 2});
  const Holder asking = make_holder();
  ASSERT_TRUE(other->ask_for("lending", {1, 2}, asking, hours(1)));
  EXPECT_EQ(store().renew(mine, hours(1))->wanted_by, asking);
  EXPECT_EQ(commit(batch_to(mine, 3)).wanted_by, asking) << "he may still finish what he does";
  EXPECT_FALSE(partitions_in(store())[0].wanted_by);
  expect_refused(other->claim(lending(), {1, 2}, asking, hours(1)), ErrorCode::unavailable,
                 "is held by");
  ASSERT_TRUE(store().release(mine));
  expect_refused(store().claim(lending(), {1, 2}, mine.holder, hours(1)), ErrorCode::unavailable,
                 "partition 1 of 2, is asked for by");
  const auto taken = other->claim(lending(), {1, 2}, asking, hours(1));
  ASSERT_TRUE(taken) << to_string(taken.error());
  EXPECT_FALSE(partitions_in(store())[1].wanted_by);
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{0, 3}));
}

TEST_P(ReadModelStoreContract, OneAtATimeAsksForAPartitionAndOnlyForAWhile) {
  const Claim mine = claim(lending(), {0, 2});
  const Holder asking = make_holder();
  ASSERT_TRUE(store().ask_for("lending", {0, 2}, asking, hours(1)));
  expect_refused(store().ask_for("lending", {0, 2}, make_holder(), hours(1)),
                 ErrorCode::unavailable, "is asked for by");
  // He takes it back.
  ASSERT_TRUE(store().ask_for("lending", {0, 2}, asking, milliseconds(0)));
  EXPECT_FALSE(store().renew(mine, hours(1))->wanted_by);
  // One who is dead asks for nothing.
  Holder dead = make_holder();
  ++dead.started;
  ASSERT_TRUE(store().ask_for("lending", {0, 2}, dead, hours(1)));
  ASSERT_TRUE(store().ask_for("lending", {0, 2}, asking, hours(1)));
  EXPECT_EQ(store().renew(mine, hours(1))->wanted_by, asking);
  for (const Partition wrong : {Partition{2, 2}, Partition{0, 3}}) {
    expect_refused(store().ask_for("lending", wrong, asking, hours(1)), ErrorCode::invalid_argument,
                   "there is no");
  }
  expect_refused(store().ask_for("unheard_of", {}, asking, hours(1)), ErrorCode::invalid_argument,
                 "there is no");
}

// The projection in use has come to 5 and 7, its shadow to `new_position`.
#define ANNALS_PARTITIONS_AND_SHADOW(new_position)                                \
  const Claim first = claim(lending(), {0, 2});                                   \
  const Claim second = claim(lending(), {1, 2});                                  \
  commit(batch_to(first, 5));                                                     \
  commit(batch_to(second, 7));                                                    \
  auto opened = store().open_shadow(lending());                                   \
  ASSERT_TRUE(opened) << to_string(opened.error());                               \
  auto rebuilt = batch_in(**opened, claim_in(**opened, lending()), new_position); \
  rebuilt.changes.push_back(written(ada_alone));                                  \
  commit_in(**opened, rebuilt)

TEST_P(ReadModelStoreContract, ASwapPutsEveryPartitionWhereTheShadowIsAndEndsEveryClaim) {
  ANNALS_PARTITIONS_AND_SHADOW(8);
  auto late = batch_to(second, 9);
  late.changes.push_back(written(ben_alone));
  const auto swapped = store().swap_in(lending(), **opened, {});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{8, 8}));
  for (const CheckpointRecord& record : partitions_in(store())) {
    EXPECT_EQ(record.checkpoint, rebuilt.after);
    EXPECT_GT(record.epoch, std::max(first.epoch, second.epoch));
    EXPECT_FALSE(record.holder);
  }
  expect_refused(store().commit(late), ErrorCode::wrong_expected_version, "epoch");
  late.before = rebuilt.after;
  expect_refused(store().commit(late), ErrorCode::wrong_expected_version, "epoch");
  expect_refused(store().renew(first, hours(1)), ErrorCode::wrong_expected_version, "epoch");
  EXPECT_EQ(all<Reader>(), ada_alone);
  auto next = batch_to(claim(lending(), {1, 2}), 9);
  next.changes.push_back(written(ben_alone));
  commit(next);
  EXPECT_EQ(positions_in(store()), (std::vector<std::uint64_t>{8, 9}));
}

TEST_P(ReadModelStoreContract, AShadowBehindAnyPartitionIsNotSwappedIn) {
  ANNALS_PARTITIONS_AND_SHADOW(6);
  expect_refused(store().swap_in(lending(), **opened, {}), ErrorCode::wrong_expected_version,
                 "at position 6, those in use at 7");
  EXPECT_TRUE(store().renew(first, hours(1)));
  EXPECT_TRUE(all<Reader>().empty());
}

TEST_P(ReadModelStoreContract, ASwapChangesTheNumberOfPartitions) {
  for (const std::uint32_t partitions : {4U, 1U, 2U}) {
    auto shadow = store().open_shadow(lending());
    ASSERT_TRUE(shadow) << to_string(shadow.error());
    commit_in(**shadow, batch_in(**shadow, claim_in(**shadow, lending()), 3));
    const auto swapped = store().swap_in(lending(), **shadow, {.partitions = partitions});
    ASSERT_TRUE(swapped) << to_string(swapped.error());
    shadow->reset();
    ASSERT_TRUE(store().drop_shadow(lending()));
    EXPECT_EQ(positions_in(store()), std::vector<std::uint64_t>(partitions, 3));
    const Claim mine = claim(lending(), {partitions - 1, partitions});
    ASSERT_TRUE(store().release(mine));
  }
  auto shadow = store().open_shadow(notes());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  commit_in(**shadow, batch_in(**shadow, claim_in(**shadow, notes()), 3));
  expect_refused(store().swap_in(notes(), **shadow, {.partitions = 2}), ErrorCode::invalid_argument,
                 "hand-written SQL");
}

}  // namespace annals::testkit
