// Sessions, servers and processes end at any moment: each event counts once.

#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/postgres/transaction.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "postgres/cutting_proxy.hpp"
#include "postgres/database.hpp"
#include "postgres/server.hpp"
#include "projections/delicate.hpp"
#include "projections/projecting.hpp"
#include "tally.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::CuttingProxy;
using postgres_test::ReadModelSchema;
using std::chrono::milliseconds;

class PostgresFailures : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    schema_.emplace();
    // By this name our sessions are told from those of other tests.
    options_ = schema_->named_options();
    auto opened = postgres::Connection::open({.url = *postgres_test::server_url()});
    ASSERT_TRUE(opened) << opened.error().message;
    watcher_ = *std::move(opened);
  }
  postgres::Rows ask(const std::string& sql) {
    auto rows = watcher_->run(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? *std::move(rows) : postgres::Rows();
  }
  std::string ours() const { return "application_name = '" + schema_->name() + "'"; }

  std::optional<ReadModelSchema> schema_;
  PostgresReadModelOptions options_;
  std::unique_ptr<postgres::Connection> watcher_;
};

// Random moves, projected while `disturb` does its worst; the rows must be what was appended.
template <typename Disturb>
void expect_each_event_counts_once(const PostgresReadModelOptions& options, Disturb disturb) {
  std::mt19937_64 random(testkit::seed(7));
  const auto events = make_memory_event_store({});
  const auto rows = ReadModelSchema::open(options);
  ASSERT_TRUE(rows);
  PlainStock plain;
  std::map<std::string, std::int64_t> goods;
  {
    ProjectionRunner runner(*events, *rows,
                            {.retry_first = milliseconds(5), .retry_max = milliseconds(50)});
    auto added = runner.add<Stock, Tally>();
    ASSERT_TRUE(added) << to_string(added.error());
    std::atomic<bool> ended = false;
    // Not the disturbing: a server ends with the thread that started it.
    std::thread appending([&] {
      while (!ended) {
        const GoodsMoved moved{std::string(1, static_cast<char>('a' + random() % 12)),
                               std::string(1, static_cast<char>('a' + random() % 12)),
                               random() % 2 == 0 ? "Ada" : "Bob",
                               static_cast<std::int64_t>(random() % 100)};
        append(*events, moved);
        plain.fold(moved);
        goods[moved.by] += moved.count;
        std::this_thread::sleep_for(std::chrono::microseconds(300));
      }
    });
    disturb();
    ended = true;
    appending.join();
    expect_reached(runner, "stock", events->head().position);
    expect_reached(runner, "tally", events->head().position);
  }
  expect_rows(*rows, plain);
  EXPECT_EQ(goods_in(*rows), goods);
}

TEST_F(PostgresFailures, WhileBackendsAreEndedAtRandomEachEventCountsOnce) {
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 2'000 : 60;
  std::mt19937_64 random(testkit::seed(8));
  std::int64_t ended = 0;
  expect_each_event_counts_once(options_, [&] {
    while (ended < kills) {  // A slow machine makes new sessions slowly.
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
      ended += static_cast<std::int64_t>(
          ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + ours()).size());
    }
  });
}

TEST_F(PostgresFailures, WhileBackendsAreEndedAtRandomNothingThatIsParkedIsLostOrAppliedTwice) {
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 1'000 : 40;
  std::mt19937_64 random(testkit::seed(9));
  Delicate::breaks_at = 7;
  const auto events = make_memory_event_store({});
  const auto rows = ReadModelSchema::open(options_);
  ASSERT_TRUE(rows);
  ProjectionRunner runner(
      *events, *rows,
      {.tries_max = 2, .retry_first = milliseconds(5), .retry_max = milliseconds(50)});
  auto added = runner.add<DelicateStock>();
  ASSERT_TRUE(added) << to_string(added.error());
  std::vector<GoodsMoved> moves{{"a", "b", "Ada", 7}, {"a", "b", "Ada", 1}};
  append(*events, moves[0], moves[1]);
  expect_reached(runner, "delicate_stock", GlobalPosition{2});
  ASSERT_EQ(parked_in(*rows).size(), 1U);
  std::atomic<bool> ended = false;
  std::thread killing([&, state = random()]() mutable {
    std::mt19937_64 own(state);
    for (int i = 0; i < kills; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(own() % 100'000));
      ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + ours());
    }
    ended = true;
  });
  // The fold is mended, and broken again, and what is parked is retried all the time.
  while (!ended) {
    moves.push_back({std::string(1, static_cast<char>('a' + random() % 12)),
                     std::string(1, static_cast<char>('a' + random() % 12)),
                     random() % 2 == 0 ? "Ada" : "Bob", static_cast<std::int64_t>(random() % 50)});
    append(*events, moves.back());
    if (moves.size() % 40 == 0) Delicate::breaks_at = moves.size() % 80 == 0 ? 7 : -1;
    if (moves.size() % 10 == 0) static_cast<void>(runner.retry_parked("delicate_stock"));
    std::this_thread::sleep_for(milliseconds(1));
  }
  killing.join();
  Delicate::breaks_at = -1;
  expect_reached(runner, "delicate_stock", events->head().position);
  ASSERT_TRUE(runner.retry_parked("delicate_stock"));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!parked_in(*rows).empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  PlainDelicate whole;
  for (std::size_t i = 0; i < moves.size(); ++i) whole.fold(i + 1, moves[i]);
  whole.expect_in(*rows);
  Delicate::breaks_at = 7;
}

TEST(PostgresServerFailures, WhileTheServerIsKilledAndStartedAgainEachEventCountsOnce) {
  auto started = postgres_test::Server::start();
  if (const auto* missing = std::get_if<postgres_test::Server::Missing>(&started)) {
    GTEST_SKIP() << "SKIPPED: needs a PostgreSQL server, but " << missing->why;
  }
  auto& server = *std::get<std::unique_ptr<postgres_test::Server>>(started);
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 50 : 2;
  expect_each_event_counts_once({.url = server.url()}, [&] {
    for (int i = 0; i < kills; ++i) {
      std::this_thread::sleep_for(milliseconds(300));
      server.kill();
      EXPECT_TRUE(server.start_again());
    }
    std::this_thread::sleep_for(milliseconds(100));
  });
}

// A batch of one row, from where the projection stands to `position`.
ProjectedBatch batch_of(ReadModelStore& rows, const Claim& claim, const std::vector<Worker>& row,
                        std::uint64_t position) {
  ProjectedBatch batch;
  batch.claim = claim;
  auto record = rows.renew(claim, std::chrono::hours(1));
  EXPECT_TRUE(record) << to_string(record.error());
  if (record) batch.before = record->checkpoint;
  batch.after.token = {StoreId{{1}}, Era{1}, GlobalPosition{position}};
  batch.changes = {{.table = &table_type_of<Worker>(), .written = {&row[0]}}};
  return batch;
}

TEST_F(PostgresFailures, ACommitWhoseAnswerWasLostIsSettledByTheCheckpoint) {
  const std::string url = *postgres_test::server_url();
  const auto found = watcher_->run("SELECT inet_server_port()");
  if (!found || found->is_null(0, 0) || url.find("127.0.0.1") == std::string::npos) {
    GTEST_SKIP() << "the proxy goes to a server at 127.0.0.1";
  }
  CuttingProxy proxy(static_cast<int>(found->integer(0, 0)));
  const std::string port = ":" + std::to_string(found->integer(0, 0));
  options_.url.replace(options_.url.find(port), port.size(), ":" + std::to_string(proxy.port()));
  const auto rows = ReadModelSchema::open(options_);
  ASSERT_TRUE(rows);
  const auto claim =
      rows->claim(projection_type_of<Tally>(), {}, make_holder(), std::chrono::hours(1));
  ASSERT_TRUE(claim) << to_string(claim.error());
  std::vector<Worker> row{{"Ada", 0}};
  std::uint64_t position = 0;
  for (int i = 0; i < 10; ++i) {
    row[0].moves = i;
    const auto lost_after = batch_of(*rows, *claim, row, position + 1);
    proxy.cut_at("COMMIT", CuttingProxy::Cut::after_it_was_done);
    const auto settled = rows->commit(lost_after);
    ASSERT_EQ(proxy.cuts(), i + 1);
    ASSERT_TRUE(settled) << to_string(settled.error());
    EXPECT_EQ(settled->position(), GlobalPosition{position + 1});
    EXPECT_EQ(record_of(*rows, "tally").position(), settled->position());
    EXPECT_EQ(all_rows<Worker>(*rows), row);
    ++position;
  }

  // One that stays where it is, as when parked events are retried, leaves nothing to tell it by.
  auto in_place = batch_of(*rows, *claim, row, position);
  in_place.parked = {{.row = {"workers", "Bob"}, .position = {1}, .failure = "why", .tries = 1}};
  proxy.cut_at("COMMIT", CuttingProxy::Cut::after_it_was_done);
  const auto unknown = rows->commit(in_place);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::outcome_unknown) << to_string(unknown.error());
  EXPECT_EQ(record_of(*rows, "tally").parked_keys, 1U) << "it was done, and whoever looks sees it";

  const auto before = all_rows<Worker>(*rows);
  row[0].moves = 99;
  const auto lost_before = batch_of(*rows, *claim, row, position + 1);
  proxy.cut_at("COMMIT", CuttingProxy::Cut::before_it_arrives);
  const auto undone = rows->commit(lost_before);
  ASSERT_FALSE(undone);
  EXPECT_EQ(undone.error().code, ErrorCode::unavailable) << to_string(undone.error());
  EXPECT_EQ(all_rows<Worker>(*rows), before);
  ASSERT_TRUE(rows->commit(lost_before)) << "the same batch can be tried again";
  EXPECT_EQ(all_rows<Worker>(*rows), row);
}

TEST_F(PostgresFailures, AProcessFrozenInItsCommitIsOvertakenAndItsCommitChangesNothing) {
  testkit::TemporaryFolder folder;
  auto events = open_log_event_store(
      {.path = folder.file("log"), .durability = Durability::survives_process_only});
  ASSERT_TRUE(events) << to_string(events.error());
  append(**events, GoodsMoved{"a", "b", "Ada", 7});
  Projecting zombie({folder.file("log"), options_.url, options_.schema, "300", "1", "stop"});
  zombie.wait_until_stopped();
  // It has written its row and holds the locks of it.
  const auto locks = ask(
      "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks x ON x.pid = a.pid AND x.locktype = "
      "'transactionid' AND x.mode = 'ExclusiveLock' AND x.granted JOIN pg_locks t ON t.pid = a.pid "
      "AND t.mode = 'RowExclusiveLock' AND t.granted AND t.relation = '" +
      options_.schema + ".workers'::regclass WHERE a.state = 'idle in transaction' AND a." +
      ours());
  ASSERT_EQ(locks.size(), 1U);
  const std::string backend(locks.text(0, 0));

  PostgresReadModelOptions impatient = schema_->options();
  impatient.lock_timeout = milliseconds(100);
  const auto rows = ReadModelSchema::open(impatient);
  ASSERT_TRUE(rows);
  {
    ProjectionRunner successor(**events, *rows);
    auto added = successor.add<Tally>();
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(successor, "tally", GlobalPosition{1});
    EXPECT_TRUE(ask("SELECT 1 FROM pg_stat_activity WHERE pid = " + backend).empty());
    zombie.go_on();
    zombie.wait_until_fenced();
    const auto receipt = append(**events, GoodsMoved{"a", "b", "Ada", 3});
    expect_reached(successor, "tally", receipt.last_position);
  }
  EXPECT_EQ(all_rows<Worker>(*rows), (std::vector<Worker>{{"Ada", 2}}));
  EXPECT_EQ(goods_in(*rows), (std::map<std::string, std::int64_t>{{"Ada", 10}}));
}

TEST_F(PostgresFailures, ALockThatALivingHolderMayHaveIsWaitedForAndItsSessionIsNamed) {
  options_.lock_timeout = milliseconds(50);
  const auto rows = ReadModelSchema::open(options_);
  ASSERT_TRUE(rows);
  const auto claim =
      rows->claim(projection_type_of<Tally>(), {}, make_holder(), std::chrono::hours(1));
  ASSERT_TRUE(claim);
  {
    auto blocking = postgres::Transaction::begin(*watcher_);
    ASSERT_TRUE(blocking);
    ASSERT_TRUE(
        (*blocking)->run("SELECT FROM " + options_.schema + ".annals_checkpoints FOR UPDATE"));
    const auto blocked = rows->renew(*claim, std::chrono::hours(1));
    ASSERT_FALSE(blocked);
    EXPECT_EQ(blocked.error().code, ErrorCode::unavailable);
    EXPECT_NE(blocked.error().message.find("backend " + std::to_string(watcher_->backend())),
              std::string::npos)
        << blocked.error().message;
  }
  EXPECT_TRUE(rows->renew(*claim, std::chrono::hours(1)));
}

TEST_F(PostgresFailures, AStatementThatTakesTooLongIsEnded) {
  ASSERT_TRUE(ReadModelSchema::open(options_));  // Tables are made at leisure.
  options_.statement_timeout = milliseconds(1'000);
  const auto rows = ReadModelSchema::open(options_);
  ASSERT_TRUE(rows);
  auto transaction = rows->read();
  ASSERT_TRUE(transaction);
  const auto slow =
      (*transaction)->sql().select("SELECT pg_sleep(60)", {}, [](auto) { return Result<void>(); });
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace annals::warehouse
