// What only a SQLite file can do, or suffer.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "projections/warehouse.hpp"

#include <sqlite3.h>

namespace annals::warehouse {
namespace {

/// What somebody with the plain library sees.
std::string plain_select(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string text;
  sqlite3_exec(
      database, sql.c_str(),
      [](void* out, int columns, char** values, char**) {
        for (int i = 0; i < columns; ++i) {
          static_cast<std::string*>(out)->append(values[i] ? values[i] : "NULL").append("|");
        }
        static_cast<std::string*>(out)->append("\n");
        return 0;
      },
      &text, nullptr);
  sqlite3_close(database);
  return text;
}

class SqliteFileTest : public testing::Test {
 protected:
  testkit::TemporaryFolder folder_;
  const std::string file_ = folder_.file("rows.db");
};

TEST_F(SqliteFileTest, AnySqliteProgramReadsItAndItsSchemaHasTheComments) {
  const auto events = make_memory_event_store({});
  append(*events, GoodsArrived{"a", 3});
  {
    const auto rows = open_rows(file_);
    ProjectionRunner runner(*events, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  EXPECT_EQ(plain_select(file_, "SELECT * FROM shelves"), "a|3|1|\n");
  EXPECT_EQ(plain_select(file_, "SELECT projection, position FROM annals_checkpoints"),
            "stock|1|\n");
  const std::string schema = plain_select(file_, "SELECT sql FROM sqlite_schema");
  for (const char* part : {"-- what each shelf holds", "PRIMARY KEY (worker, shelf)",
                           "CREATE INDEX shelves_by_count"}) {
    EXPECT_NE(schema.find(part), std::string::npos) << schema;
  }
}

TEST_F(SqliteFileTest, WhatIsNoDatabaseOrOfAnotherProgramIsRefusedAndLeftAsItWas) {
  std::ofstream(file_) << "this is a text, and a long one, so that it is no header of a database";
  auto opened = open_sqlite_read_models({.path = file_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find(file_), std::string::npos);

  const std::string other = folder_.file("other.db");
  sqlite3* database = nullptr;
  sqlite3_open(other.c_str(), &database);
  sqlite3_exec(database, "CREATE TABLE t (a)", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  opened = open_sqlite_read_models({.path = other});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(plain_select(other, "SELECT name FROM sqlite_schema"), "t|\n");
}

TEST_F(SqliteFileTest, AFileOfANewerFormatIsUnsupported) {
  open_rows(file_).reset();
  sqlite3* database = nullptr;
  sqlite3_open(file_.c_str(), &database);
  sqlite3_exec(database, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  const auto opened = open_sqlite_read_models({.path = file_});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
  EXPECT_NE(opened.error().message.find("99"), std::string::npos);
}

TEST_F(SqliteFileTest, ACheckpointOfAPositionBelowZeroIsDamaged) {
  const auto events = make_memory_event_store({});
  append(*events, GoodsArrived{"a", 1});
  const auto rows = open_rows(file_);
  {
    ProjectionRunner runner(*events, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  sqlite3* database = nullptr;
  sqlite3_open(file_.c_str(), &database);
  sqlite3_exec(database, "UPDATE annals_checkpoints SET position = -1", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  const auto records = rows->records();
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().code, ErrorCode::corrupt);
  EXPECT_NE(records.error().message.find("'stock'"), std::string::npos) << records.error().message;
}

TEST_F(SqliteFileTest, AFileOfTheFirstFormatIsBroughtToThePresentOne) {
  const auto events = make_memory_event_store({});
  append(*events, GoodsArrived{"a", 1});
  {
    const auto rows = open_rows(file_);
    ProjectionRunner runner(*events, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  // As the first format was.
  sqlite3* database = nullptr;
  sqlite3_open(file_.c_str(), &database);
  char* fault = nullptr;
  sqlite3_exec(database,
               "ALTER TABLE annals_checkpoints RENAME TO newer;"
               "CREATE TABLE annals_checkpoints (projection TEXT NOT NULL PRIMARY KEY, version "
               "INTEGER NOT NULL, fingerprint TEXT NOT NULL, tables TEXT NOT NULL, partition "
               "INTEGER NOT NULL, store TEXT, era INTEGER, position INTEGER, link TEXT, cursor "
               "TEXT, epoch INTEGER NOT NULL, host TEXT, pid INTEGER, process_started INTEGER, "
               "runner TEXT, lease_until TEXT NOT NULL, paused INTEGER NOT NULL, failure TEXT NOT "
               "NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;"
               "INSERT INTO annals_checkpoints SELECT projection, version, fingerprint, tables, "
               "partition, store, era, position, link, cursor, epoch, host, pid, process_started, "
               "runner, lease_until, paused, failure, updated_at FROM newer;"
               "DROP TABLE newer; DROP TABLE annals_parked; PRAGMA user_version = 1",
               nullptr, nullptr, &fault);
  EXPECT_EQ(fault, nullptr) << fault;
  sqlite3_close(database);
  const auto refused =
      open_sqlite_read_models({.path = file_, .access = SqliteOptions::Access::read_only});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_NE(refused.error().message.find("projections resume"), std::string::npos)
      << refused.error().message;

  const auto rows = open_rows(file_);
  ASSERT_TRUE(rows);
  EXPECT_EQ(record_of(*rows, "stock").partition, (Partition{0, 1}));
  append(*events, GoodsArrived{"a", 2});
  ProjectionRunner runner(*events, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  expect_reached(runner, "stock", GlobalPosition{2});
  EXPECT_EQ(all_rows<Shelf>(*rows), (std::vector<Shelf>{{"a", 3, 2}}));
  EXPECT_EQ(plain_select(file_, "PRAGMA user_version"), "3|\n");
  EXPECT_EQ(plain_select(file_,
                         "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE "
                         "'annals_%' ORDER BY name"),
            "annals_checkpoints|\nannals_parked|\n");
}

TEST_F(SqliteFileTest, AFileOfTheSecondFormatIsBroughtToThePresentOne) {
  const auto events = make_memory_event_store();
  append(*events, GoodsArrived{"a", 1});
  const auto project = [&](GlobalPosition head) {
    const auto rows = open_rows(file_);
    ProjectionRunner runner(*events, *rows);
    ASSERT_TRUE(runner.add<Stock>(2));
    expect_reached(runner, "stock", head);
    EXPECT_EQ(record_of(*rows, "stock").partition.split_by, SplitBy::row);
  };
  project(GlobalPosition{1});
  // As the second format was.
  sqlite3* database = nullptr;
  sqlite3_open(file_.c_str(), &database);
  char* fault = nullptr;
  sqlite3_exec(database,
               "ALTER TABLE annals_checkpoints DROP COLUMN split_by; PRAGMA user_version = 2",
               nullptr, nullptr, &fault);
  EXPECT_EQ(fault, nullptr) << fault;
  sqlite3_close(database);
  append(*events, GoodsArrived{"a", 2});
  project(GlobalPosition{2});
  EXPECT_EQ(plain_select(file_, "PRAGMA user_version"), "3|\n");
}

TEST_F(SqliteFileTest, ADamagedFileIsCorruptAndNeverGivesWrongRows) {
  const auto events = make_memory_event_store({});
  for (int i = 0; i < 3'000; ++i) append(*events, GoodsArrived{std::to_string(i), 1});
  {
    const auto rows = open_rows(file_);
    ProjectionRunner runner(*events, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", events->head().position);
  }
  {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(file_);
    for (std::uintmax_t at = 4096; at + 4096 <= size; at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(64, '\xFF');
    }
  }
  const auto opened = open_sqlite_read_models({.path = file_});
  if (!opened) {
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << to_string(opened.error());
    return;
  }
  auto transaction = (*opened)->read();
  if (!transaction) {
    EXPECT_EQ(transaction.error().code, ErrorCode::corrupt);
    return;
  }
  const auto found = Rows(**transaction).all<Shelf>();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt) << to_string(found.error());
}

TEST_F(SqliteFileTest, AMissingFileOrFolderIsUnavailable) {
  for (const auto access : {SqliteOptions::Access::must_exist, SqliteOptions::Access::read_only}) {
    const auto opened = open_sqlite_read_models({.path = file_, .access = access});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
  const auto nowhere = open_sqlite_read_models({.path = folder_.file("no/folder.db")});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::unavailable);
  EXPECT_NE(nowhere.error().message.find("is its folder there"), std::string::npos);
}

TEST_F(SqliteFileTest, ReadOnlyItAnswersAndRefusesToWrite) {
  const auto rows = open_rows(file_);
  ASSERT_TRUE(rows->claim(projection_type_of<Stock>(), {}, make_holder(), std::chrono::minutes(1)));
  auto reading =
      open_sqlite_read_models({.path = file_, .access = SqliteOptions::Access::read_only});
  ASSERT_TRUE(reading) << to_string(reading.error());
  EXPECT_EQ((*reading)->records()->size(), 1U);
  const auto refused = (*reading)->set_paused("stock", true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

/// Counts goods, and remembers shelves in a way that undoes the transaction at the second time.
struct HastyTally {
  static constexpr auto name = "hasty_tally";
  static constexpr int version = 1;
  static constexpr auto schema =
      "CREATE TABLE seen (shelf TEXT PRIMARY KEY);"
      "CREATE TABLE slow_tally (worker TEXT PRIMARY KEY, goods INTEGER NOT NULL)";
  using SqlEvents = annals::Events<GoodsArrived>;
  static Result<void> apply(Sql& sql, const GoodsArrived& e, const EventInfo&) {
    auto counted = sql.run(
        "INSERT INTO slow_tally VALUES ('all', ?1) ON CONFLICT DO UPDATE SET goods = goods + ?1",
        e.count);
    if (!counted) return std::move(counted).error();
    // "Seen already" is no trouble, it thinks.
    static_cast<void>(sql.run("INSERT OR ROLLBACK INTO seen VALUES (?1)", e.shelf));
    return {};
  }
};

TEST_F(SqliteFileTest, SqlThatUndoesTheTransactionMovesNoCheckpointAndHalts) {
  const auto events = make_memory_event_store({});
  append(*events, GoodsArrived{"a", 1}, GoodsArrived{"b", 1});
  append(*events, GoodsArrived{"a", 1}, GoodsArrived{"c", 1});
  const auto rows = open_rows(file_);
  ProjectionRunner runner(*events, *rows, {.tries_max = 1});
  ASSERT_TRUE(runner.add<HastyTally>());
  const auto halted = runner.wait("hasty_tally", GlobalPosition{4}, patience);
  ASSERT_FALSE(halted);
  EXPECT_NE(halted.error().message.find("position 4"), std::string::npos) << halted.error().message;
  EXPECT_EQ(record_of(*rows, "hasty_tally").position(), GlobalPosition{2});
  EXPECT_EQ(plain_select(file_, "SELECT goods FROM slow_tally"), "2|\n");
}

/// A shadow with `count` shelves, projected up to position `count`.
void fill(const EventStore& events, ReadModelStore& shadow, std::uint64_t count) {
  const auto cut = project_as_of(events, shadow, projection_type_of<Stock>(),
                                 {.as_of = AsOf::position({count})});
  EXPECT_TRUE(cut) << to_string(cut.error());
}

TEST_F(SqliteFileTest, AShadowThatARebuildOfThisProcessHasOpenIsNotDropped) {
  const auto events = make_memory_event_store({});
  for (int i = 0; i < 9; ++i) append(*events, GoodsArrived{std::to_string(i), 1});
  const auto rows = open_rows(file_);
  const auto same_file = open_rows(file_);
  auto shadow = rows->open_shadow(projection_type_of<Stock>());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  fill(*events, **shadow, 9);
  for (ReadModelStore* store : {rows.get(), same_file.get()}) {
    const auto refused = store->drop_shadow(projection_type_of<Stock>());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    const auto anew = rebuild(*events, *store, projection_type_of<Stock>(), {.from_scratch = true});
    ASSERT_FALSE(anew);
    EXPECT_EQ(anew.error().code, ErrorCode::unavailable);
  }
  ASSERT_TRUE(rows->swap_in(projection_type_of<Stock>(), **shadow, {.only_if_caught_up = true}));
  EXPECT_EQ(all_rows<Shelf>(*rows).size(), 9U);
  shadow->reset();
  EXPECT_TRUE(rows->drop_shadow(projection_type_of<Stock>()));
}

// As by a rebuild from scratch in another process, after the lease of this one has run out.
TEST_F(SqliteFileTest, AShadowWhoseFileWasReplacedIsNotSwappedIn) {
  const auto events = make_memory_event_store({});
  for (int i = 0; i < 9; ++i) append(*events, GoodsArrived{std::to_string(i), 1});
  const auto rows = open_rows(file_);
  auto shadow = rows->open_shadow(projection_type_of<Stock>());
  ASSERT_TRUE(shadow) << to_string(shadow.error());
  fill(*events, **shadow, 9);
  const std::string path = file_ + ".rebuild-stock";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const auto expect_refused = [&] {
    const auto refused =
        rows->swap_in(projection_type_of<Stock>(), **shadow, {.only_if_caught_up = false});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable) << to_string(refused.error());
    EXPECT_TRUE(rows->records()->empty());
  };
  expect_refused();
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto other = open_rows(path);
  expect_refused();
  fill(*events, *other, 2);
  expect_refused();
}

TEST_F(SqliteFileTest, ALeaseForEverIsKeptAndCanBeRead) {
  const auto rows = open_rows(file_);
  const auto claim =
      rows->claim(projection_type_of<Stock>(), {}, make_holder(), std::chrono::milliseconds::max());
  ASSERT_TRUE(claim) << to_string(claim.error());
  EXPECT_GT(record_of(*rows, "stock").lease_until,
            system_clock()->now() + std::chrono::hours(24 * 300));
  EXPECT_FALSE(
      rows->claim(projection_type_of<Stock>(), {}, make_holder(), std::chrono::seconds(1)));
}

}  // namespace
}  // namespace annals::warehouse
