// SQL that users write, in the transaction that writes the rows.

#include <stdexcept>
#include <string>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_hand_written() {}

namespace read_model_contract {

struct Note {
  std::int64_t id = 0;
  std::string note;
  ANNALS_FIELDS(Note, id, note);
  bool operator==(const Note&) const = default;
};

}  // namespace read_model_contract

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

const std::vector<Shelf> shelf{{"poetry"}};

std::vector<Note> notes_in(const ReadModelStore& store) {
  auto transaction = store.read();
  if (!transaction) {
    ADD_FAILURE() << to_string(transaction.error());
    return {};
  }
  auto found = (*transaction)->sql().query<Note>("SELECT id, note FROM notes ORDER BY id");
  if (!found) {
    ADD_FAILURE() << to_string(found.error());
    return {};
  }
  return *std::move(found);
}

}  // namespace

TEST_P(ReadModelStoreContract, HandWrittenSqlIsCommittedWithRowsAndCheckpoint) {
  auto batch = batch_to(claim(notes()), 1);
  batch.changes.push_back(written(shelf));
  batch.sql = [](Sql& sql) -> Result<void> {
    const auto added = sql.run("INSERT INTO notes (id, note) VALUES (?1, ?2), (?1 + 1, ?3)",
                               std::int64_t{1}, "first", "second");
    if (!added) return added.error();
    EXPECT_EQ(*added, 2);
    // The batch's rows are there already.
    const auto changed = sql.run("UPDATE notes SET note = (SELECT name FROM shelves) WHERE id = ?1",
                                 std::int64_t{2});
    if (!changed) return changed.error();
    EXPECT_EQ(*changed, 1);
    return {};
  };
  commit(batch);
  EXPECT_EQ(notes_in(store()), (std::vector<Note>{{1, "first"}, {2, "poetry"}}));
  EXPECT_EQ(all<Shelf>(), shelf);
  EXPECT_EQ(record("notes")->position(), GlobalPosition{1});
}

TEST_P(ReadModelStoreContract, ASchemasViewsAndIndexesAreMade) {
  auto batch = batch_to(claim(notes()), 1);
  batch.sql = [](Sql& sql) -> Result<void> {
    const auto added = sql.run("INSERT INTO notes (id, note) VALUES (1, 'short'), (2, 'longer')");
    if (!added) return added.error();
    return {};
  };
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto found = (*transaction)
                         ->sql()
                         .query<Note>(
                             "SELECT n.id, n.note FROM long_notes l JOIN notes n ON n.id "
                             "= l.id");
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(*found, (std::vector<Note>{{2, "longer"}}));
}

TEST_P(ReadModelStoreContract, AnErrorOfHandWrittenSqlUndoesRowsAndIsReturned) {
  auto batch = batch_to(claim(notes()), 1);
  batch.changes.push_back(written(shelf));
  batch.sql = [](Sql& sql) -> Result<void> {
    const auto added = sql.run("INSERT INTO notes (id, note) VALUES (1, 'gone')");
    if (!added) return added.error();
    return Error{.code = ErrorCode::rejected, .message = "the user's own", .rule = "no-notes"};
  };
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_EQ(refused.error().rule, "no-notes");
  EXPECT_TRUE(all<Shelf>().empty());
  EXPECT_TRUE(notes_in(store()).empty());
  EXPECT_FALSE(record("notes")->checkpoint);
}

TEST_P(ReadModelStoreContract, WhatHandWrittenSqlThrowsBecomesAnErrorAndUndoesEverything) {
  auto batch = batch_to(claim(notes()), 1);
  batch.changes.push_back(written(shelf));
  batch.sql = [](Sql&) -> Result<void> { throw std::runtime_error("thrown by the user"); };
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("thrown by the user"), std::string::npos);
  EXPECT_TRUE(all<Shelf>().empty());
  batch.sql = {};
  commit(batch);
}

TEST_P(ReadModelStoreContract, HandWrittenSqlCannotEndTheTransactionNorTouchWhatIsNotItsOwn) {
  const Claim mine = claim(notes());
  for (const char* statement :
       {"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT s", "DELETE FROM annals_checkpoints",
        "UPDATE annals_checkpoints SET epoch = 99", "DROP TABLE annals_checkpoints",
        "DROP TABLE notes", "CREATE TABLE more (a INTEGER)",
        "INSERT INTO notes (id, note) VALUES (1, 'a'); COMMIT"}) {
    auto batch = batch_to(mine, 1);
    batch.changes.push_back(written(shelf));
    batch.sql = [&](Sql& sql) -> Result<void> {
      const auto done = sql.execute(statement, {});
      if (!done) return done.error();
      return {};
    };
    const auto refused = store().commit(batch);
    ASSERT_FALSE(refused) << statement;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << statement;
    EXPECT_TRUE(all<Shelf>().empty()) << statement;
    EXPECT_TRUE(notes_in(store()).empty()) << statement;
  }
  EXPECT_EQ(record("notes")->epoch, mine.epoch);
}

TEST_P(ReadModelStoreContract, SqlThatIsNotUnderstoodIsRefused) {
  const Claim mine = claim(notes());
  const Cell number = std::int64_t{1};
  const struct {
    const char* sql;
    std::vector<Cell> arguments;
  } wrong[] = {{"INSRT INTO notes VALUES (1)", {}},
               {"INSERT INTO nowhere (id) VALUES (1)", {}},
               {"INSERT INTO notes (id, note) VALUES (1, NULL)", {}},
               {"INSERT INTO notes (id, note) VALUES (?1, ?2)", {number}},
               {"INSERT INTO notes (id, note) VALUES (?1, 'a')", {number, number}},
               {"", {}}};
  for (const auto& [sql_text, arguments] : wrong) {
    auto batch = batch_to(mine, 1);
    batch.sql = [&, &sql_text = sql_text, &arguments = arguments](Sql& sql) -> Result<void> {
      const auto done = sql.execute(sql_text, arguments);
      if (!done) return done.error();
      return {};
    };
    const auto refused = store().commit(batch);
    ASSERT_FALSE(refused) << sql_text;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << sql_text;
  }
}

TEST_P(ReadModelStoreContract, ASchemaThatIsNotUnderstoodIsRefusedAndNothingIsMade) {
  const auto refused =
      store().claim(projection_type_of<NotUnderstood>(), {}, make_holder(), std::chrono::hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(record("not_understood"));
}

TEST_P(ReadModelStoreContract, HandWrittenSqlReadsWhatItHasWritten) {
  auto batch = batch_to(claim(notes()), 1);
  batch.sql = [](Sql& sql) -> Result<void> {
    for (std::int64_t id = 1; id <= 3; ++id) {
      const auto added = sql.run("INSERT INTO notes (id, note) VALUES (?1, ?2)", id, "n");
      if (!added) return added.error();
    }
    const auto found =
        sql.query<Note>("SELECT id, note FROM notes WHERE id > ?1 ORDER BY id", std::int64_t{1});
    if (!found) return found.error();
    EXPECT_EQ(*found, (std::vector<Note>{{2, "n"}, {3, "n"}}));
    return {};
  };
  commit(batch);
}

}  // namespace annals::testkit
