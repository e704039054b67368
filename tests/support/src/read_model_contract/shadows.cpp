// A read model made anew beside the one in use, and put in its place.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_shadows() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

const std::vector<Reader> old_rows{{.name = "Ada", .books = 1}, {.name = "Ben", .books = 1}};
const std::vector<Reader> new_rows{{.name = "Ada", .books = 2}, {.name = "Cleo", .books = 2}};

}  // namespace

// The projection in use has come to `old_position`, its shadow to `new_position`.
#define ANNALS_OLD_AND_SHADOW(old_position, new_position)   \
  const Claim mine = claim(lending());                      \
  auto batch = batch_to(mine, old_position);                \
  batch.changes.push_back(written(old_rows));               \
  commit(batch);                                            \
  auto opened = store().open_shadow(lending());             \
  ASSERT_TRUE(opened) << to_string(opened.error());         \
  ReadModelStore& shadow = **opened;                        \
  const Claim rebuilder = claim_in(shadow, lending());      \
  auto rebuilt = batch_in(shadow, rebuilder, new_position); \
  rebuilt.changes.push_back(written(new_rows));             \
  commit_in(shadow, rebuilt)

TEST_P(ReadModelStoreContract, AShadowIsNotSeenBeforeItIsSwappedIn) {
  ANNALS_OLD_AND_SHADOW(5, 5);
  EXPECT_EQ(all<Reader>(), old_rows);
  EXPECT_EQ(record("lending")->position(), GlobalPosition{5});
  EXPECT_EQ(store().records()->size(), 1U);
  EXPECT_EQ(all_in<Reader>(shadow), new_rows);
}

TEST_P(ReadModelStoreContract, ASwapPutsRowsAndCheckpointInPlaceAndEndsEveryClaim) {
  ANNALS_OLD_AND_SHADOW(5, 7);
  const auto swapped = store().swap_in(lending(), shadow, {.only_if_caught_up = true});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  EXPECT_EQ(all<Reader>(), new_rows);
  const auto kept = record("lending");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->checkpoint, rebuilt.after);
  EXPECT_GT(kept->epoch, mine.epoch);
  EXPECT_FALSE(kept->holder);
  EXPECT_EQ(kept->tables, (std::vector<std::string>{"loans", "readers"}));
  const auto refused = store().renew(mine, std::chrono::hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  // It goes on from there, with the statements that were prepared for the old tables.
  const Claim next = claim(lending());
  const std::vector<Reader> more{{.name = "Dora", .books = 3}};
  auto later = batch_to(next, 8);
  EXPECT_EQ(later.before, rebuilt.after);
  later.changes.push_back(written(more));
  commit(later);
  EXPECT_EQ(all<Reader>().size(), 3U);
}

TEST_P(ReadModelStoreContract, ASwapKeepsAPauseAndForgetsAFailure) {
  ANNALS_OLD_AND_SHADOW(5, 5);
  ASSERT_TRUE(store().set_paused("lending", true));
  ASSERT_TRUE(store().halt(mine, "cannot go on"));
  ASSERT_TRUE(store().swap_in(lending(), shadow, {.only_if_caught_up = true}));
  EXPECT_TRUE(record("lending")->paused);
  EXPECT_EQ(record("lending")->failure, "");
}

TEST_P(ReadModelStoreContract, AShadowThatIsBehindIsSwappedInOnlyIfThatIsAskedFor) {
  ANNALS_OLD_AND_SHADOW(5, 4);
  const auto refused = store().swap_in(lending(), shadow, {.only_if_caught_up = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_expected_version);
  EXPECT_EQ(all<Reader>(), old_rows);
  EXPECT_TRUE(store().renew(mine, std::chrono::hours(1)));
  const auto swapped = store().swap_in(lending(), shadow, {.only_if_caught_up = false});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  EXPECT_EQ(all<Reader>(), new_rows);
  EXPECT_EQ(record("lending")->position(), GlobalPosition{4});
}

TEST_P(ReadModelStoreContract, AShadowBringsANewDefinitionWithOtherTables) {
  const Claim mine = claim(lending());
  auto batch = batch_to(mine, 5);
  batch.changes.push_back(written(old_rows));
  commit(batch);
  auto shadow = store().open_shadow(lending_with_towns());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  const std::vector<ReaderWithTown> rows{{.name = "Ada", .town = "Oxford", .books = 1}};
  auto rebuilt = batch_in(**shadow, claim_in(**shadow, lending_with_towns()), 5);
  rebuilt.changes.push_back(written(rows));
  commit_in(**shadow, rebuilt);
  const auto swapped = store().swap_in(lending_with_towns(), **shadow, {.only_if_caught_up = true});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  EXPECT_EQ(all<ReaderWithTown>(), rows);
  EXPECT_EQ(record("lending")->version, 2U);
  EXPECT_EQ(record("lending")->tables, (std::vector<std::string>{"readers"}));
  claim(lending_with_towns());
  // The table that is no longer of the projection is gone.
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  EXPECT_FALSE(Rows(**transaction).all<Loan>());
}

TEST_P(ReadModelStoreContract, AShadowBringsTablesViewsAndRowsOfHandWrittenSql) {
  commit(batch_to(claim(notes()), 1));
  auto shadow = store().open_shadow(notes());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  auto rebuilt = batch_in(**shadow, claim_in(**shadow, notes()), 2);
  rebuilt.sql = [](Sql& sql) -> Result<void> {
    const auto added = sql.run("INSERT INTO notes (id, note) VALUES (1, 'short'), (2, 'longer')");
    if (!added) return added.error();
    return {};
  };
  commit_in(**shadow, rebuilt);
  const auto swapped = store().swap_in(notes(), **shadow, {.only_if_caught_up = true});
  ASSERT_TRUE(swapped) << to_string(swapped.error());
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  std::vector<std::int64_t> ids;
  const auto selected =
      (*transaction)->sql().select("SELECT id FROM long_notes", {}, [&](auto cells) {
        ids.push_back(std::get<std::int64_t>(cells[0]));
        return Result<void>();
      });
  ASSERT_TRUE(selected) << to_string(selected.error());
  EXPECT_EQ(ids, (std::vector<std::int64_t>{2}));
}

TEST_P(ReadModelStoreContract, ASwapMakesAProjectionThatWasNotHere) {
  auto shadow = store().open_shadow(lending());
  ASSERT_TRUE(shadow);
  auto rebuilt = batch_in(**shadow, claim_in(**shadow, lending()), 3);
  rebuilt.changes.push_back(written(new_rows));
  commit_in(**shadow, rebuilt);
  ASSERT_TRUE(store().swap_in(lending(), **shadow, {.only_if_caught_up = true}));
  EXPECT_EQ(all<Reader>(), new_rows);
  claim(lending());
}

TEST_P(ReadModelStoreContract, ASwapWakesWhoWaitsForItsPosition) {
  ANNALS_OLD_AND_SHADOW(5, 9);
  std::atomic<bool> reached = false;
  std::thread waiter([&] {
    const auto found = store().wait("lending", GlobalPosition{9}, never());
    reached = found && *found && (*found)->position() == GlobalPosition{9};
  });
  while (!store().awaited("lending")) std::this_thread::yield();
  const auto swapped = store().swap_in(lending(), shadow, {.only_if_caught_up = true});
  waiter.join();
  EXPECT_TRUE(swapped);
  EXPECT_TRUE(reached);
}

TEST_P(ReadModelStoreContract, AnEmptyShadowAndAnotherStoresShadowAreRefused) {
  claim(lending());
  auto empty = store().open_shadow(lending());
  ASSERT_TRUE(empty);
  const auto nothing = store().swap_in(lending(), **empty, {.only_if_caught_up = false});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::invalid_argument);

  const auto stranger = open_another();
  auto foreign = stranger->open_shadow(lending());
  ASSERT_TRUE(foreign);
  claim_in(**foreign, lending());
  const auto refused = store().swap_in(lending(), **foreign, {.only_if_caught_up = false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_P(ReadModelStoreContract, AShadowThatWasInterruptedIsFoundAgain) {
  if (!GetParam().shared) GTEST_SKIP() << "nothing outlives its object in memory";
  ANNALS_OLD_AND_SHADOW(5, 3);
  ASSERT_TRUE(shadow.release(rebuilder));
  opened->reset();
  reopen();
  auto again = store().open_shadow(lending());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(all_in<Reader>(**again), new_rows);
  const auto records = (*again)->records();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ((*records)[0].position(), GlobalPosition{3});
}

TEST_P(ReadModelStoreContract, AShadowOfAnotherDefinitionBeginsAnew) {
  ANNALS_OLD_AND_SHADOW(5, 3);
  ASSERT_TRUE(shadow.release(rebuilder));
  opened->reset();
  auto other = store().open_shadow(lending_with_towns());
  ASSERT_TRUE(other) << to_string(other.error());
  EXPECT_TRUE((*other)->records()->empty());
  claim_in(**other, lending_with_towns());
}

TEST_P(ReadModelStoreContract, AShadowThatIsDroppedIsGone) {
  ANNALS_OLD_AND_SHADOW(5, 3);
  opened->reset();
  ASSERT_TRUE(store().drop_shadow(lending()));
  ASSERT_TRUE(store().drop_shadow(lending()));  // Not there: no error.
  auto anew = store().open_shadow(lending());
  ASSERT_TRUE(anew);
  EXPECT_TRUE((*anew)->records()->empty());
  EXPECT_EQ(all<Reader>(), old_rows);
}

// While 20 swaps go on, readers see the rows of one generation, whole.
TEST_P(ReadModelStoreContract, ReadersDuringSwapsSeeOneTableOrTheOther) {
  constexpr std::int64_t rows_of_each = 200;
  const auto rows_of = [](std::int64_t generation) {
    std::vector<Reader> rows;
    for (std::int64_t i = 0; i < rows_of_each; ++i) {
      rows.push_back({.name = "reader " + std::to_string(1000 + i), .books = generation});
    }
    return rows;
  };
  const std::vector<Reader> first = rows_of(0);
  auto batch = batch_to(claim(lending()), 1);
  batch.changes.push_back(written(first));
  commit(batch);
  std::atomic<bool> ended = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> reads = 0;
  const auto read = [&](const ReadModelStore& database) {
    do {
      auto transaction = database.read();
      if (!transaction) continue;
      const auto rows = Rows(**transaction).all<Reader>();
      if (!rows || rows->size() != static_cast<std::size_t>(rows_of_each)) {
        ++wrong;
        continue;
      }
      for (const Reader& row : *rows) {
        if (row.books != rows->front().books) ++wrong;
      }
      ++reads;
    } while (!ended);
  };
  const auto other = open_again();
  std::thread here([&] { read(store()); });
  std::thread elsewhere([&] { read(*other); });
  for (std::int64_t generation = 1; generation <= 20; ++generation) {
    auto shadow = store().open_shadow(lending());
    if (!shadow) {
      ADD_FAILURE() << to_string(shadow.error());
      break;
    }
    const std::vector<Reader> rows = rows_of(generation);
    auto rebuilt =
        batch_in(**shadow, claim_in(**shadow, lending()), static_cast<std::uint64_t>(generation));
    rebuilt.changes.push_back(written(rows));
    commit_in(**shadow, rebuilt);
    const auto swapped = store().swap_in(lending(), **shadow, {.only_if_caught_up = true});
    EXPECT_TRUE(swapped) << to_string(swapped.error());
    shadow->reset();
    EXPECT_TRUE(store().drop_shadow(lending()));
  }
  ended = true;
  here.join();
  elsewhere.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
  EXPECT_EQ(all<Reader>(), rows_of(20));
}

}  // namespace annals::testkit
