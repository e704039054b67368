// Processes that share a projection in PostgreSQL are frozen, killed and started.
//
// ANNALS_SEED says how the kills fall; ANNALS_SOAK makes 300 of them.

#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/projections/rebuild.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "postgres/database.hpp"
#include "projections/partition_workers.hpp"
#include "read_model_schema.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::ReadModelSchema;
using std::chrono::milliseconds;

class PostgresPartitions : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    schema_.emplace();
    // By this name the sessions of our processes are told from those of other tests.
    options_ = schema_->named_options();
    auto opened = postgres::Connection::open({.url = *postgres_test::server_url()});
    ASSERT_TRUE(opened) << opened.error().message;
    watcher_ = *std::move(opened);
    auto events =
        open_log_event_store({.path = log_, .durability = Durability::survives_process_only});
    ASSERT_TRUE(events) << to_string(events.error());
    events_ = *std::move(events);
  }
  postgres::Rows ask(const std::string& sql) {
    auto rows = watcher_->run(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? *std::move(rows) : postgres::Rows();
  }
  std::unique_ptr<Projecting> start(int lease, std::vector<std::string> more = {}) {
    std::vector<std::string> words{log_, options_.url, options_.schema, std::to_string(lease),
                                   std::to_string(partitions_shared)};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<Projecting>(words);
  }
  /// Backends of ours that have written to a table and not committed.
  postgres::Rows in_commit(const std::string& table) {
    return ask(
        "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks x ON x.pid = a.pid AND x.locktype = "
        "'transactionid' AND x.mode = 'ExclusiveLock' AND x.granted JOIN pg_locks t ON t.pid = "
        "a.pid AND t.mode = 'RowExclusiveLock' AND t.granted AND t.relation = '" +
        options_.schema + "." + table +
        "'::regclass WHERE a.state = 'idle in transaction' AND a.application_name = '" +
        schema_->name() + "'");
  }
  std::unique_ptr<ReadModelStore> open_impatient() {
    PostgresReadModelOptions options = schema_->options();
    options.lock_timeout = milliseconds(100);
    return ReadModelSchema::open(options);
  }

  std::optional<ReadModelSchema> schema_;
  PostgresReadModelOptions options_;
  std::unique_ptr<postgres::Connection> watcher_;
  const testkit::TemporaryFolder folder_;
  const std::string log_ = folder_.file("log");
  std::unique_ptr<EventStore> events_;
};

TEST_F(PostgresPartitions, KilledAtAnyMomentEachEventCountsOnceInEachPartition) {
  const auto rows = schema_->open();
  ASSERT_TRUE(rows);
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 300 : 15;
  expect_workers_share(*events_, *rows, testkit::seed(47), kills, [&] { return start(10'000); });
}

TEST_F(PostgresPartitions, AWorkerFrozenInItsCommitIsOvertakenAndItsCommitChangesNothing) {
  append(*events_, GoodsArrived{"a", 1}, GoodsMoved{"a", "b", "Ada", 7});
  const auto zombie = start(300, {"stop"});
  zombie->wait_until_stopped();
  // It has written rows of a partition and holds the locks of them.
  const auto locks = in_commit("shelves");
  ASSERT_EQ(locks.size(), 1U);
  const std::string backend(locks.text(0, 0));
  const auto rows = open_impatient();
  ASSERT_TRUE(rows);
  PlainStock plain;
  plain.fold(GoodsArrived{"a", 1});
  plain.fold(GoodsMoved{"a", "b", "Ada", 7});
  {
    ProjectionRunner successor(*events_, *rows, {.threads = 2});
    auto added = successor.add<Stock>(partitions_shared);
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(successor, "stock", GlobalPosition{2});
    EXPECT_TRUE(ask("SELECT 1 FROM pg_stat_activity WHERE pid = " + backend).empty());
    expect_rows(*rows, plain);
    zombie->go_on();
    zombie->wait_until_fenced();
    expect_rows(*rows, plain);
    // From now on it is a worker as others are.
    for (const char* shelf : {"a", "b", "c", "d", "e"}) {
      const GoodsMoved moved{shelf, "b", "Bob", 3};
      append(*events_, moved);
      plain.fold(moved);
    }
    expect_reached(successor, "stock", events_->head().position);
  }
  expect_rows(*rows, plain);
}

TEST_F(PostgresPartitions,
       AWorkerFrozenInItsCommitDoesNotHoldUpARebuildAndItsCommitChangesNothing) {
  append(*events_, GoodsArrived{"a", 1}, GoodsMoved{"a", "b", "Ada", 7});
  const auto zombie = start(300, {"stop"});
  zombie->wait_until_stopped();
  ASSERT_EQ(in_commit("shelves").size(), 1U);
  const auto rows = open_impatient();
  ASSERT_TRUE(rows);
  const auto rebuilt = rebuild(*events_, *rows, projection_type_of<Stock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  PlainStock plain;
  plain.fold(GoodsArrived{"a", 1});
  plain.fold(GoodsMoved{"a", "b", "Ada", 7});
  expect_rows(*rows, plain);
  zombie->go_on();
  zombie->wait_until_fenced();
  append(*events_, GoodsMoved{"b", "c", "Ada", 3});
  plain.fold(GoodsMoved{"b", "c", "Ada", 3});
  const auto reached =
      rows->wait("stock", events_->head().position, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(reached && *reached);
  EXPECT_EQ((*reached)->position(), events_->head().position);
  expect_rows(*rows, plain);
}

TEST_F(PostgresPartitions, ASchemaOfTheSecondFormatIsBroughtToThePresentOne) {
  append(*events_, GoodsArrived{"a", 1});
  {
    const auto rows = schema_->open();
    ProjectionRunner runner(*events_, *rows);
    ASSERT_TRUE(runner.add<Stock>(2));
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  // As the second format was.
  auto set_back = watcher_->run_script("ALTER TABLE " + options_.schema +
                                       ".annals_checkpoints DROP COLUMN split_by; UPDATE " +
                                       options_.schema + ".annals_format SET format = 2");
  ASSERT_TRUE(set_back) << set_back.error().message;
  PostgresReadModelOptions reading = schema_->options();
  reading.access = PostgresReadModelOptions::Access::read_only;
  const auto refused = open_postgres_read_models(reading);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("format 2"), std::string::npos) << refused.error().message;
  const auto rows = schema_->open();
  ASSERT_TRUE(rows);
  EXPECT_EQ(record_of(*rows, "stock").partition.split_by, SplitBy::row);
  append(*events_, GoodsArrived{"a", 2});
  ProjectionRunner runner(*events_, *rows);
  ASSERT_TRUE(runner.add<Stock>(2));
  expect_reached(runner, "stock", GlobalPosition{2});
}

TEST_F(PostgresPartitions, ASchemaOfTheFirstFormatIsBroughtToThePresentOne) {
  append(*events_, GoodsArrived{"a", 1});
  {
    const auto rows = schema_->open();
    ProjectionRunner runner(*events_, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  // As the first format was.
  const std::string table = options_.schema + ".annals_checkpoints";
  auto set_back = watcher_->run_script(
      "ALTER TABLE " + table +
      " DROP CONSTRAINT annals_checkpoints_pkey, ADD PRIMARY KEY (projection), DROP COLUMN "
      "partitions, DROP COLUMN wanted_host, DROP COLUMN wanted_pid, DROP COLUMN "
      "wanted_process_started, DROP COLUMN wanted_runner, DROP COLUMN wanted_until, DROP COLUMN "
      "split_by; DROP TABLE " +
      options_.schema + ".annals_parked; UPDATE " + options_.schema +
      ".annals_format SET format = 1");
  ASSERT_TRUE(set_back) << set_back.error().message;
  PostgresReadModelOptions reading = schema_->options();
  reading.access = PostgresReadModelOptions::Access::read_only;
  const auto refused = open_postgres_read_models(reading);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_NE(refused.error().message.find("format 1"), std::string::npos) << refused.error().message;

  const auto rows = schema_->open();
  ASSERT_TRUE(rows);
  EXPECT_TRUE(open_postgres_read_models(reading));
  EXPECT_EQ(record_of(*rows, "stock").partition, (Partition{0, 1}));
  append(*events_, GoodsArrived{"a", 2});
  ProjectionRunner runner(*events_, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  expect_reached(runner, "stock", GlobalPosition{2});
  EXPECT_EQ(all_rows<Shelf>(*rows), (std::vector<Shelf>{{"a", 3, 2}}));
  EXPECT_EQ(ask("SELECT format FROM " + options_.schema + ".annals_format").integer(0, 0), 3);
}

}  // namespace
}  // namespace annals::warehouse
