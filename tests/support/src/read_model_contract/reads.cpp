// What a reader sees: one moment.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_reads() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

std::vector<Reader> readers_with(std::int64_t books) {
  return {{.name = "Ada", .books = books}, {.name = "Ben", .books = -books}};
}

}  // namespace

TEST_P(ReadModelStoreContract, RowsAreFoundByKeyAndChosenByTheEndOfASelect) {
  const std::vector<Reader> readers{
      {.name = "Ada", .books = 3}, {.name = "Ben", .books = 1}, {.name = "Cleo", .books = 2}};
  auto batch = batch_to(claim(lending()), 1);
  batch.changes.push_back(written(readers));
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  Rows rows(**transaction);
  const auto ben = rows.find<Reader>("Ben");
  ASSERT_TRUE(ben) << to_string(ben.error());
  EXPECT_EQ(*ben, readers[1]);
  const auto nobody = rows.find<Reader>("nobody");
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(*nobody);
  const auto most = rows.where<Reader>(
      "WHERE books >= ?1 AND name <> ?2 ORDER BY books DESC LIMIT 1", std::int64_t{2}, "Ada");
  ASSERT_TRUE(most) << to_string(most.error());
  EXPECT_EQ(*most, (std::vector<Reader>{readers[2]}));
}

TEST_P(ReadModelStoreContract, AKeyOfTwoColumnsIsFound) {
  const std::vector<Loan> loans{{"Ada", 1, "Emma"}, {"Ada", 2, "Walden"}};
  auto batch = batch_to(claim(lending()), 1);
  batch.changes.push_back(written(loans));
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto found = Rows(**transaction).find<Loan>({"Ada", 2});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(*found, loans[1]);
}

TEST_P(ReadModelStoreContract, AnEndOfASelectThatIsNotUnderstoodIsRefused) {
  claim(lending());
  for (const char* tail : {"WHERE", "WHERE no_such_column = 1", "; DELETE FROM readers"}) {
    auto transaction = store().read();
    ASSERT_TRUE(transaction);
    const auto refused = Rows(**transaction).where<Reader>(tail);
    ASSERT_FALSE(refused) << tail;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << tail;
  }
}

TEST_P(ReadModelStoreContract, ATableThatIsNotHereIsRefused) {
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto refused = Rows(**transaction).all<Reader>();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_P(ReadModelStoreContract, AReaderCannotWrite) {
  auto batch = batch_to(claim(lending()), 1);
  const std::vector<Reader> readers = readers_with(1);
  batch.changes.push_back(written(readers));
  commit(batch);
  for (const char* sql :
       {"DELETE FROM readers", "INSERT INTO readers (name, books, fee) VALUES ('x', 1, '0')",
        "UPDATE readers SET books = 0", "CREATE TABLE mine (a INTEGER)", "DROP TABLE readers",
        "UPDATE annals_checkpoints SET epoch = 99", "COMMIT", "ROLLBACK"}) {
    auto transaction = store().read();
    ASSERT_TRUE(transaction);
    const auto refused = (*transaction)->sql().execute(sql, {});
    ASSERT_FALSE(refused) << sql;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << sql;
    const auto selected =
        (*transaction)->sql().select(sql, {}, [](auto) { return Result<void>(); });
    EXPECT_FALSE(selected) << sql;
  }
  EXPECT_EQ(all<Reader>(), readers);
}

TEST_P(ReadModelStoreContract, AVisitorsErrorEndsASelectAndIsPassedOn) {
  auto batch = batch_to(claim(lending()), 1);
  const std::vector<Reader> readers = readers_with(1);
  batch.changes.push_back(written(readers));
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  int seen = 0;
  const auto stopped = (*transaction)
                           ->rows(table_type_of<Reader>(), "ORDER BY name", {},
                                  [&](std::span<const Cell>) -> Result<void> {
                                    ++seen;
                                    return Error{.code = ErrorCode::rejected, .message = "enough"};
                                  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::rejected);
  EXPECT_EQ(seen, 1);
  // The transaction goes on.
  EXPECT_TRUE(Rows(**transaction).all<Reader>());
}

// The commit waits for the reader where both cannot be at a time, so it is made by another thread.
TEST_P(ReadModelStoreContract, AReaderSeesOneMomentWhateverIsCommittedMeanwhile) {
  const Claim mine = claim(lending());
  const std::vector<Reader> before = readers_with(1);
  const std::vector<Reader> after = readers_with(2);
  auto batch = batch_to(mine, 1);
  batch.changes.push_back(written(before));
  commit(batch);
  batch = batch_to(mine, 2);
  batch.changes.push_back(written(after));

  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  std::thread writer;
  if (GetParam().shared) {
    commit(batch);
  } else {
    writer = std::thread([&] { commit(batch); });
  }
  EXPECT_EQ(*Rows(**transaction).all<Reader>(), before);
  EXPECT_EQ(whole_of(*(*transaction)->records("lending"))->position(), GlobalPosition{1});
  EXPECT_EQ(*Rows(**transaction).all<Reader>(), before);
  transaction->reset();
  if (writer.joinable()) writer.join();
  EXPECT_EQ(all<Reader>(), after);
}

// Each commit writes its position to both rows: no reader may see two numbers.
TEST_P(ReadModelStoreContract, ReadersWhileSomebodyWritesSeeRowsAndCheckpointAgree) {
  const Claim mine = claim(lending());
  std::atomic<bool> ended = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> reads = 0;
  const auto read = [&](const ReadModelStore& database) {
    do {
      auto transaction = database.read();
      if (!transaction) continue;
      const auto records = (*transaction)->records("lending");
      const auto rows = Rows(**transaction).all<Reader>();
      if (!records || records->empty() || !rows) {
        ++wrong;
        continue;
      }
      const auto position = static_cast<std::int64_t>(records->front().position().value);
      if (*rows != (position == 0 ? std::vector<Reader>() : readers_with(position))) ++wrong;
      ++reads;
    } while (!ended);
  };
  const auto other = open_again();
  std::thread first([&] { read(store()); });
  std::thread second([&] { read(*other); });
  for (std::int64_t i = 1; i <= 100; ++i) {
    const std::vector<Reader> rows = readers_with(i);
    auto batch = batch_to(mine, static_cast<std::uint64_t>(i));
    batch.changes.push_back(written(rows));
    commit(batch);
  }
  ended = true;
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
}

}  // namespace annals::testkit
