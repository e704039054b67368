// P6 exactly once: rows and checkpoint move together, or not at all.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_commits() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

const std::vector<Reader> ada{{.name = "Ada", .books = 1, .fee = Money::of_minor(250, "EUR")}};
const std::vector<Reader> ben{{.name = "Ben", .books = 2}};

}  // namespace

TEST_P(ReadModelStoreContract, ACommitWritesRowsAndCheckpoint) {
  auto batch = batch_to(claim(lending()), 42);
  batch.changes.push_back(written(ada));
  const CheckpointRecord left = commit(batch);
  EXPECT_EQ(left.position(), GlobalPosition{42});
  EXPECT_EQ(all<Reader>(), ada);
  const auto kept = record("lending");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->checkpoint, batch.after);
  EXPECT_EQ(kept->epoch, batch.claim.epoch);
  EXPECT_EQ(kept->holder, batch.claim.holder);
}

TEST_P(ReadModelStoreContract, ACheckpointIsKeptWholeBeyondTheLifeOfTheStore) {
  auto batch = batch_to(claim(lending()), 42);
  batch.after.token.era = Era{7};
  batch.after.link = Link{};
  for (std::size_t i = 0; i < batch.after.link->bytes.size(); ++i) {
    batch.after.link->bytes[i] = static_cast<std::uint8_t>(255 - i);
  }
  batch.cursor = "of the source's own: {\"ö\": 1}";
  commit(batch);
  reopen();
  const auto kept = record("lending");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->checkpoint, batch.after);
  EXPECT_EQ(kept->cursor, batch.cursor);
  EXPECT_EQ(kept->version, 1U);
  EXPECT_EQ(kept->fingerprint, lending().fingerprint());
  EXPECT_EQ(kept->tables, (std::vector<std::string>{"loans", "readers"}));
  EXPECT_EQ(kept->holder, batch.claim.holder);
  EXPECT_EQ(kept->epoch, batch.claim.epoch);
  EXPECT_FALSE(kept->paused);
  EXPECT_EQ(kept->failure, "");
}

TEST_P(ReadModelStoreContract, ACommitOfNothingMovesTheCheckpoint) {
  const Claim mine = claim(lending());
  commit(batch_to(mine, 5));
  commit(batch_to(mine, 6));
  EXPECT_EQ(record("lending")->position(), GlobalPosition{6});
}

TEST_P(ReadModelStoreContract, ARowIsWrittenInThePlaceOfTheOneWithItsKey) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 1);
  batch.changes.push_back(written(ada));
  batch.changes.push_back(written(ben));
  commit(batch);
  const std::vector<Reader> later{{.name = "Ada", .books = 9}};
  batch = batch_to(mine, 2);
  batch.changes.push_back(written(later));
  commit(batch);
  EXPECT_EQ(all<Reader>(), (std::vector<Reader>{later[0], ben[0]}));
}

TEST_P(ReadModelStoreContract, ARowThatIsOnlyAKeyCanBeWrittenAgain) {
  const Claim mine = claim(shelving());
  const std::vector<Shelf> shelves{{"b"}, {"a"}};
  for (std::uint64_t position : {1, 2}) {
    auto batch = batch_to(mine, position);
    batch.changes.push_back(written(shelves));
    commit(batch);
  }
  EXPECT_EQ(all<Shelf>(), (std::vector<Shelf>{{"a"}, {"b"}}));
}

TEST_P(ReadModelStoreContract, ARowIsErasedByItsKeyAndOneThatIsNotThereIsNoError) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 1);
  batch.changes.push_back(written(ada));
  batch.changes.push_back(written(ben));
  commit(batch);
  const std::vector<Reader> gone{{.name = "Ada", .books = 77}, {.name = "nobody"}};
  batch = batch_to(mine, 2);
  batch.changes.push_back(erased(gone));
  commit(batch);
  EXPECT_EQ(all<Reader>(), ben);
}

TEST_P(ReadModelStoreContract, AKeyOfTwoColumnsIsOneKey) {
  const Claim mine = claim(lending());
  const std::vector<Loan> loans{
      {"Ada", 1, "Emma"}, {"Ada", 2, "Middlemarch"}, {"Ben", 1, "Walden"}};
  auto batch = batch_to(mine, 1);
  batch.changes.push_back(written(loans));
  commit(batch);
  const std::vector<Loan> changed{{"Ada", 2, "Persuasion"}};
  const std::vector<Loan> gone{{"Ben", 1, ""}, {"Ben", 2, ""}};
  batch = batch_to(mine, 2);
  batch.changes.push_back(written(changed));
  batch.changes.push_back(erased(gone));
  commit(batch);
  EXPECT_EQ(all<Loan>(), (std::vector<Loan>{{"Ada", 1, "Emma"}, {"Ada", 2, "Persuasion"}}));
}

TEST_P(ReadModelStoreContract, RowsAreLoadedByTheirKeys) {
  const Claim mine = claim(lending());
  std::vector<Loan> loans;
  for (std::int64_t i = 0; i < 500; ++i) {
    loans.push_back({"reader " + std::to_string(i % 10), i, "book " + std::to_string(i)});
  }
  auto batch = batch_to(mine, 1);
  batch.changes.push_back(written(loans));
  commit(batch);

  std::vector<Loan> wanted;
  std::vector<RowToLoad> to_load;
  for (std::int64_t i = 0; i < 1'000; ++i) {
    wanted.push_back({"reader " + std::to_string(i % 10), i, "as it was"});
  }
  for (Loan& loan : wanted) to_load.push_back({&loan});
  const auto loaded = store().load(table_type_of<Loan>(), to_load);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(to_load[i].found, i < 500);
    EXPECT_EQ(wanted[i],
              i < 500 ? loans[i] : (Loan{wanted[i].reader, wanted[i].order, "as it was"}));
  }
}

TEST_P(ReadModelStoreContract, LoadingNothingIsNoError) {
  claim(lending());
  EXPECT_TRUE(store().load(table_type_of<Loan>(), {}));
}

TEST_P(ReadModelStoreContract, ABatchFromAnotherPositionIsRefusedAndNothingIsWritten) {
  const Claim mine = claim(lending());
  auto first = batch_to(mine, 5);
  auto same_again = first;
  commit(first);
  same_again.changes.push_back(written(ada));
  same_again.after.token.position = GlobalPosition{9};
  const auto refused = store().commit(same_again);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  EXPECT_TRUE(all<Reader>().empty());
  EXPECT_EQ(record("lending")->position(), GlobalPosition{5});
}

TEST_P(ReadModelStoreContract, ABatchOfAnEarlierEpochIsRefusedAndNothingIsWritten) {
  const Holder holder = make_holder();
  const auto first = store().claim(lending(), {}, holder, std::chrono::hours(1));
  ASSERT_TRUE(first);
  auto batch = batch_to(*first, 5);
  batch.changes.push_back(written(ada));
  const auto second = store().claim(lending(), {}, holder, std::chrono::hours(1));
  ASSERT_TRUE(second);
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  EXPECT_TRUE(all<Reader>().empty());
  EXPECT_FALSE(record("lending")->checkpoint);
  batch.claim = *second;
  commit(batch);
  EXPECT_EQ(all<Reader>(), ada);
}

TEST_P(ReadModelStoreContract, ABatchOfAProjectionThatIsNotHereIsRefused) {
  ProjectedBatch batch;
  batch.claim = {"unheard_of", {}, 1, make_holder()};
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
}

TEST_P(ReadModelStoreContract, ProjectionsInOneDatabaseMoveOnTheirOwn) {
  const Claim one = claim(lending());
  const Claim other = claim(shelving());
  commit(batch_to(one, 5));
  commit(batch_to(other, 3));
  const auto records = store().records();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 2U);
  EXPECT_EQ((*records)[0].projection, "a_shelving");
  EXPECT_EQ((*records)[0].position(), GlobalPosition{3});
  EXPECT_EQ((*records)[1].projection, "lending");
  EXPECT_EQ((*records)[1].position(), GlobalPosition{5});
}

// Four runners fight for one projection; each may count one only on top of what it has read.
TEST_P(ReadModelStoreContract, OfContendingCommitsEachThatSucceedsCountsOnce) {
  std::atomic<std::int64_t> succeeded = 0;
  std::atomic<std::int64_t> unexpected = 0;
  const auto runner = [&](ReadModelStore& database) {
    const Holder holder{.host = "elsewhere", .pid = 1, .started = 1, .runner = "shared by all"};
    for (int i = 0; i < 25; ++i) {
      // All are the same holder, so that nobody has to wait for a lease.
      const auto mine = database.claim(lending(), {}, holder, std::chrono::hours(1));
      if (!mine) {
        if (mine.error().code != ErrorCode::unavailable) ++unexpected;
        continue;
      }
      const auto now = database.renew(*mine, std::chrono::hours(1));
      std::vector<Reader> rows{{.name = "Ada"}};
      RowToLoad wanted{&rows[0]};
      if (!now || !database.load(table_type_of<Reader>(), {&wanted, 1})) continue;
      ++rows[0].books;
      ProjectedBatch batch;
      batch.claim = *mine;
      batch.before = now->checkpoint;
      batch.after.token.position = GlobalPosition{now->position().value + 1};
      batch.changes.push_back(written(rows));
      const auto done = database.commit(batch);
      if (done) {
        ++succeeded;
      } else if (done.error().code != ErrorCode::wrong_expected_version &&
                 done.error().code != ErrorCode::unavailable) {
        ++unexpected;
      }
    }
  };
  const auto other = open_again();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { runner(i % 2 == 0 ? store() : *other); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unexpected, 0);
  ASSERT_GT(succeeded, 0);
  ASSERT_EQ(all<Reader>().size(), 1U);
  EXPECT_EQ(all<Reader>()[0].books, succeeded);
  EXPECT_EQ(record("lending")->position().value, static_cast<std::uint64_t>(succeeded));
}

}  // namespace annals::testkit
