// What is parked is kept, found and given up together with rows and checkpoint.

#include <string>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_parked() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

const ParkedRow adas_row{"readers", "Ada"};
const ParkedRow loan_of_ada{"loans", R"(["Ada","1"])"};

ParkedEvent failed_at(const ParkedRow& row, std::uint64_t position,
                      const std::string& failure = "the fee is in another currency") {
  return {.row = row,
          .key_hash = 7,
          .position = GlobalPosition{position},
          .failure = failure,
          .tries = 3};
}
ParkedEvent waits_at(const ParkedRow& row, std::uint64_t position) {
  return {.row = row, .key_hash = 7, .position = GlobalPosition{position}};
}

std::vector<ParkedKey> keys_in(const ReadModelStore& store, std::string_view projection = {}) {
  auto transaction = store.read();
  if (!transaction) {
    ADD_FAILURE() << to_string(transaction.error());
    return {};
  }
  auto keys = parked_keys(**transaction, projection);
  if (!keys) {
    ADD_FAILURE() << to_string(keys.error());
    return {};
  }
  return *std::move(keys);
}

std::vector<std::uint64_t> positions_in(const ReadModelStore& store, std::string_view projection,
                                        const ParkedRow& row) {
  std::vector<std::uint64_t> positions;
  auto transaction = store.read();
  auto events = transaction ? parked_events(**transaction, projection, row)
                            : Result<std::vector<ParkedEvent>>(std::move(transaction).error());
  EXPECT_TRUE(events) << to_string(events.error());
  if (!events) return positions;
  for (const ParkedEvent& event : *events) positions.push_back(event.position.value);
  return positions;
}

}  // namespace

TEST_P(ReadModelStoreContract, WhatIsParkedIsCommittedWithRowsAndCheckpoint) {
  const std::vector<Reader> ben{{.name = "Ben", .books = 2}};
  auto batch = batch_to(claim(lending()), 9);
  batch.changes.push_back(written(ben));
  batch.parked = {failed_at(adas_row, 5), waits_at(adas_row, 8)};
  const CheckpointRecord left = commit(batch);
  EXPECT_EQ(left.parked_keys, 1U);
  reopen();
  const auto keys = keys_in(store());
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].projection, "lending");
  EXPECT_EQ(keys[0].row, adas_row);
  EXPECT_EQ(keys[0].key_hash, 7U);
  EXPECT_EQ(keys[0].events, 2U);
  EXPECT_EQ(keys[0].first_position, GlobalPosition{5});
  EXPECT_EQ(keys[0].failure, "the fee is in another currency");
  EXPECT_EQ(keys[0].tries, 3U);
  EXPECT_GT(keys[0].since, Timestamp{});
  EXPECT_EQ(keys[0].wish, ParkedWish::none);
  EXPECT_EQ(record("lending")->parked_keys, 1U);
  EXPECT_EQ(positions_in(store(), "lending", adas_row), (std::vector<std::uint64_t>{5, 8}));
}

TEST_P(ReadModelStoreContract, ABatchThatIsRefusedParksNothing) {
  const Claim mine = claim(lending());
  auto refused = batch_to(mine, 9);
  refused.parked = {failed_at(adas_row, 5)};
  // Somebody else takes over meanwhile: the same holder may always do so.
  ASSERT_TRUE(store().claim(lending(), Partition{}, mine.holder, std::chrono::hours(1)));
  const auto committed = store().commit(refused);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::wrong_expected_version);
  EXPECT_TRUE(keys_in(store()).empty());
  EXPECT_EQ(record("lending")->parked_keys, 0U);
}

TEST_P(ReadModelStoreContract, ARowIsKnownToBeParkedInTheSnapshotOfItsRows) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5), failed_at(loan_of_ada, 6)};
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction) << to_string(transaction.error());
  Rows rows(**transaction);
  const auto parked = rows.parked<Reader>("Ada");
  ASSERT_TRUE(parked) << to_string(parked.error());
  ASSERT_TRUE(*parked);
  EXPECT_EQ((*parked)->first_position, GlobalPosition{5});
  const auto loan = rows.parked<Loan>({"Ada", 1});
  ASSERT_TRUE(loan) << to_string(loan.error());
  ASSERT_TRUE(*loan) << "a key of two columns";
  const auto other = rows.parked<Loan>({"Ada", 2});
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
}

TEST_P(ReadModelStoreContract, OneKeyInTwoTablesIsTwoKeys) {
  auto batch = batch_to(claim(lending()), 9);
  batch.parked = {failed_at(adas_row, 5), failed_at({"loans", "Ada"}, 7)};
  EXPECT_EQ(commit(batch).parked_keys, 2U);
  const auto keys = keys_in(store(), "lending");
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].row.table, "readers") << "by the position of their first events";
  EXPECT_EQ(keys[1].row.table, "loans");
  EXPECT_TRUE(keys_in(store(), "a_shelving").empty());
}

TEST_P(ReadModelStoreContract, AWishIsNotedForTheFirstEventOfAKeyAndGoesOnceItIsSeen) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5), waits_at(adas_row, 8), failed_at(loan_of_ada, 6)};
  commit(batch);
  const auto wished = store().wish_parked("lending", ParkedRow{"", "Ada"}, ParkedWish::retry);
  ASSERT_TRUE(wished) << to_string(wished.error());
  EXPECT_EQ(*wished, 1U);
  auto keys = keys_in(store(), "lending");
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].wish, ParkedWish::retry);
  EXPECT_EQ(keys[1].wish, ParkedWish::none);
  // It has failed again, for another reason.
  batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5, "the fee is too high")};
  batch.parked[0].wish = ParkedWish::retry;
  commit(batch);
  keys = keys_in(store(), "lending");
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].wish, ParkedWish::none);
  EXPECT_EQ(keys[0].failure, "the fee is too high");
  EXPECT_EQ(keys[0].events, 2U);
}

TEST_P(ReadModelStoreContract, AWishThatWasNotSeenStays) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5)};
  commit(batch);
  ASSERT_TRUE(store().wish_parked("lending", adas_row, ParkedWish::skip));
  batch = batch_to(mine, 10);
  batch.parked = {failed_at(adas_row, 5)};
  batch.parked[0].wish = ParkedWish::retry;
  commit(batch);
  EXPECT_EQ(keys_in(store())[0].wish, ParkedWish::skip);
}

TEST_P(ReadModelStoreContract, AWishForAllKeysReachesEveryKeyOfTheProjection) {
  auto batch = batch_to(claim(lending()), 9);
  batch.parked = {failed_at(adas_row, 5), failed_at(loan_of_ada, 6), waits_at(adas_row, 7)};
  commit(batch);
  const auto wished = store().wish_parked("lending", {}, ParkedWish::skip_all);
  ASSERT_TRUE(wished) << to_string(wished.error());
  EXPECT_EQ(*wished, 2U);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto events = parked_events(**transaction, "lending", adas_row);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  for (const ParkedEvent& event : *events) EXPECT_EQ(event.wish, ParkedWish::skip_all);
}

TEST_P(ReadModelStoreContract, ALaterWishTakesBackAnEarlierOneForMoreOfTheKey) {
  auto batch = batch_to(claim(lending()), 9);
  batch.parked = {failed_at(adas_row, 5), waits_at(adas_row, 7)};
  commit(batch);
  ASSERT_TRUE(store().wish_parked("lending", adas_row, ParkedWish::skip_all));
  ASSERT_TRUE(store().wish_parked("lending", adas_row, ParkedWish::retry));
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto events = parked_events(**transaction, "lending", adas_row);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].wish, ParkedWish::retry);
  EXPECT_EQ((*events)[1].wish, ParkedWish::none);
}

TEST_P(ReadModelStoreContract, AWishForWhatIsNotThereIsRefused) {
  claim(lending());
  const auto nothing = store().wish_parked("lending", adas_row, ParkedWish::retry);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(nothing.error().message.find("Ada"), std::string::npos) << nothing.error().message;
  const auto unknown = store().wish_parked("unheard_of", {}, ParkedWish::retry);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::invalid_argument);
  const auto none = store().wish_parked("lending", {}, ParkedWish::retry);
  ASSERT_TRUE(none) << "of all keys there may be none";
  EXPECT_EQ(*none, 0U);
}

TEST_P(ReadModelStoreContract, WhatIsAppliedIsUnparkedAndWhatIsSkippedIsKeptForTheRecord) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5), waits_at(adas_row, 7), waits_at(adas_row, 8)};
  commit(batch);
  // The position does not move.
  batch = batch_to(mine, 9);
  const std::vector<Reader> rows{{.name = "Ada", .books = 1}};
  batch.changes.push_back(written(rows));
  batch.parked = {failed_at(adas_row, 5), failed_at(adas_row, 8, "another one")};
  batch.parked[0].skipped = true;
  batch.unparked = {waits_at(adas_row, 7)};
  EXPECT_EQ(commit(batch).parked_keys, 1U);
  EXPECT_EQ(all<Reader>(), rows);
  const auto keys = keys_in(store());
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].first_position, GlobalPosition{8});
  EXPECT_EQ(keys[0].events, 1U);
  batch = batch_to(mine, 9);
  batch.unparked = {waits_at(adas_row, 8)};
  EXPECT_EQ(commit(batch).parked_keys, 0U);
  EXPECT_TRUE(keys_in(store()).empty());
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto skipped = skipped_events(**transaction, "lending");
  ASSERT_TRUE(skipped) << to_string(skipped.error());
  ASSERT_EQ(skipped->size(), 1U);
  EXPECT_EQ((*skipped)[0].position, GlobalPosition{5});
  EXPECT_EQ((*skipped)[0].failure, "the fee is in another currency");
  EXPECT_GT((*skipped)[0].skipped_at, Timestamp{});
}

TEST_P(ReadModelStoreContract, AnyTextCanBeAParkedKeyOrAFailure) {
  const std::string odd = "o'Hara\"; DROP TABLE readers; -- \\ \n\t Ö 鳥 {1,2} ?1 $1";
  const ParkedRow row{"readers", odd};
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(row, 5, odd)};
  commit(batch);
  const auto keys = keys_in(store());
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].row, row);
  EXPECT_EQ(keys[0].failure, odd);
  const auto wished = store().wish_parked("lending", row, ParkedWish::retry);
  ASSERT_TRUE(wished) << to_string(wished.error());
  batch = batch_to(mine, 9);
  batch.unparked = {failed_at(row, 5)};
  EXPECT_EQ(commit(batch).parked_keys, 0U);
}

TEST_P(ReadModelStoreContract, ASwapBringsWhatTheShadowHasParkedInPlaceOfWhatWasParked) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 9);
  batch.parked = {failed_at(adas_row, 5), failed_at(loan_of_ada, 6)};
  commit(batch);
  const Claim shelves = claim(shelving());
  auto other = batch_to(shelves, 3);
  other.parked = {failed_at({"shelves", "a"}, 2)};
  commit(other);
  auto shadow = store().open_shadow(lending());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  auto rebuilt = batch_in(**shadow, claim_in(**shadow, lending()), 9);
  rebuilt.parked = {failed_at({"readers", "Ben"}, 7)};
  commit_in(**shadow, rebuilt);
  EXPECT_EQ(keys_in(store(), "lending").size(), 2U) << "not seen before it is swapped in";
  const auto swapped = store().swap_in(lending(), **shadow, {});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  const auto keys = keys_in(store(), "lending");
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].row.key, "Ben");
  EXPECT_EQ(keys_in(store(), "a_shelving").size(), 1U) << "of another projection";
  EXPECT_EQ(record("lending")->parked_keys, 1U);
}

}  // namespace annals::testkit
