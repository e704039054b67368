// P1, P5 and P6 when the primary is gone and its synchronous standby takes over.

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/testkit/requests.hpp>

#include "moves.hpp"
#include "postgres/server.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::Server;
using std::chrono::milliseconds;

class PostgresFailover : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Server::start();
    if (auto* missing = std::get_if<Server::Missing>(&started)) {
      GTEST_SKIP() << "SKIPPED: needs servers of its own, but " << missing->why;
    }
    primary_ = std::move(std::get<std::unique_ptr<Server>>(started));
    standby_ = primary_->start_standby("second");
    ASSERT_TRUE(standby_);
    // Only now: the standby has a copy of the primary's settings, and none of its own to wait for.
    ASSERT_TRUE(primary_->run_sql("ALTER SYSTEM SET synchronous_standby_names = 'second'"));
    ASSERT_TRUE(primary_->run_sql("SELECT pg_reload_conf()"));
    const std::string synchronous =
        "SELECT FROM pg_stat_replication WHERE application_name = 'second' AND sync_state = 'sync'";
    while (count(*primary_, synchronous) == 0) std::this_thread::sleep_for(milliseconds(10));
  }

  static std::size_t count(const Server& server, const std::string& sql) {
    auto connection = postgres::Connection::open({.url = server.url()});
    EXPECT_TRUE(connection) << connection.error().message;
    const auto rows = (*connection)->run(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? rows->size() : 0;
  }
  static void await(const Server& server, const std::string& sql) {
    while (count(server, sql) == 0) std::this_thread::sleep_for(milliseconds(5));
  }

  std::string url_of_both() const {
    return "postgres://annals@127.0.0.1:" + std::to_string(primary_->port()) +
           ",127.0.0.1:" + std::to_string(standby_->port()) +
           "/postgres?target_session_attrs=read-write";
  }

  std::unique_ptr<Server> primary_;
  std::unique_ptr<Server> standby_;
};

TEST_F(PostgresFailover, OfAKilledPrimaryLosesNothingAcknowledgedAndTheServiceGoesOnByItself) {
  constexpr std::uint64_t seed = 3;
  constexpr std::uint64_t enough = 400;
  const auto opened =
      open_postgres_event_store({.url = url_of_both(), .patience = milliseconds(200)});
  ASSERT_TRUE(opened) << to_string(opened.error());
  EventStore& store = **opened;
  const auto rows =
      open_postgres_read_models({.url = url_of_both(), .lock_timeout = std::chrono::seconds(10)});
  ASSERT_TRUE(rows) << to_string(rows.error());
  const RunnerOptions often{.retry_first = milliseconds(5), .retry_max = milliseconds(50)};
  ProjectionRunner runner(store, **rows, often);
  ASSERT_TRUE((runner.add<Stock, Tally>()));
  const auto third = Server::start();  // Which does not fail.
  const auto elsewhere =
      open_postgres_read_models({.url = std::get<std::unique_ptr<Server>>(third)->url()});
  ASSERT_TRUE(elsewhere) << to_string(elsewhere.error());
  ProjectionRunner other_runner(store, **elsewhere, often);
  ASSERT_TRUE((other_runner.add<Stock, Tally>()));

  Acknowledged acknowledged;
  std::atomic<std::uint64_t> next = 0;
  std::atomic<bool> ended = false;
  std::atomic<bool> all_answered = false;
  std::atomic<int> unknown = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      while (!ended) {
        const std::uint64_t number = next++;
        const auto settled = append_at_last(store, request_of(seed, number));
        ASSERT_TRUE(settled) << to_string(settled.error());
        acknowledged.add(number, {settled->receipt.first_position, settled->receipt.link});
        unknown += settled->unknown;
        refused += settled->refused;
      }
    });
  }
  std::atomic<std::uint64_t> seen = 0;
  std::thread tail([&] {
    const auto subscription = *store.subscribe({});
    while (!all_answered || seen < store.head().position.value) {
      const auto batch = subscription->next(milliseconds(100));
      if (!batch) {
        ASSERT_EQ(batch.error().code, ErrorCode::unavailable) << to_string(batch.error());
        std::this_thread::sleep_for(milliseconds(5));
        continue;
      }
      for (const RecordedEvent& event : batch->events) ASSERT_EQ(event.position.value, ++seen);
    }
  });
  const auto await_acknowledged = [&](std::uint64_t wanted) {
    while (acknowledged.count() < wanted) std::this_thread::sleep_for(milliseconds(1));
  };
  await_acknowledged(enough);
  primary_->kill();
  const std::uint64_t before = acknowledged.count();
  // Longer than the store's patience: whoever waits for an answer now is told that it is unknown.
  std::this_thread::sleep_for(milliseconds(1'000));
  ASSERT_TRUE(standby_->promote());
  await_acknowledged(before + enough);
  ended = true;
  for (std::thread& thread : threads) thread.join();
  all_answered = true;
  tail.join();
  std::printf(
      "%llu acknowledged by the first primary, %llu in all; %d answers unknown and settled, "
      "%d tries refused\n",
      static_cast<unsigned long long>(before),
      static_cast<unsigned long long>(acknowledged.count()), unknown.load(), refused.load());
  EXPECT_GT(unknown, 0);

  const GlobalPosition head = store.head().position;
  EXPECT_EQ(seen, head.value);
  for (const char* projection : {"stock", "tally"}) {
    expect_reached(runner, projection, head);
    expect_reached(other_runner, projection, head);
  }
  const auto numbers = expect_kept(store, acknowledged);
  EXPECT_EQ(numbers.size(), acknowledged.count());
  expect_counted_once(**rows, seed, numbers);
  expect_counted_once(**elsewhere, seed, numbers);
}

// A session that ends while it waits for the standby leaves its append visible, though only one
// server has it. Nobody may be told of it before the standby has it too.
TEST_F(PostgresFailover, WhatOnlyTheFirstPrimaryHasIsNotAcknowledgedWhenItsSessionIsLost) {
  const auto store = open_postgres_event_store({.url = primary_->url()});
  ASSERT_TRUE(store) << to_string(store.error());
  const auto warm = append_at_last(**store, request_of(1, 0));
  ASSERT_TRUE(warm) << to_string(warm.error());
  standby_->stop();
  const std::string waiting =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
      "query LIKE '%append(%'";
  std::atomic<bool> answered = false;
  std::thread appending([&] {
    const auto settled = append_at_last(**store, request_of(1, 1));
    EXPECT_TRUE(settled) << to_string(settled.error());
    answered = true;
  });
  await(*primary_, waiting);
  // It looks for its append, and what that writes waits in its turn.
  await(*primary_,
        "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND (query LIKE '%given_up%' OR "
        "query LIKE '%pg_logical_emit_message%')");
  EXPECT_FALSE(answered);
  ASSERT_TRUE(standby_->start_again());
  appending.join();
  primary_->kill();
  ASSERT_TRUE(standby_->promote());
  const auto after = open_postgres_event_store({.url = standby_->url()});
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_EQ((*after)->head().position.value, 2U);
}

// A standby that nobody waits for shows a commit that the primary does not show yet, because the
// one that it waits for is away. Who has seen it there, and then asks the primary, is told to wait.
TEST_F(PostgresFailover, WhatOnlyAStandbyShowsWhileItsCommitWaitsIsNotYetThereAndNotDiverged) {
  const auto writer = open_postgres_event_store({.url = primary_->url()});
  ASSERT_TRUE(writer) << to_string(writer.error());
  const auto warm = append_at_last(**writer, request_of(1, 0));
  ASSERT_TRUE(warm) << to_string(warm.error());
  const auto third = primary_->start_standby("third");
  ASSERT_TRUE(third);
  const auto reader = open_postgres_event_store(
      {.url = "postgres://annals@127.0.0.1:" + std::to_string(third->port()) +
              ",127.0.0.1:" + std::to_string(primary_->port()) + "/postgres",
       .access = PostgresOptions::Access::read_only,
       .patience = milliseconds(200)});
  ASSERT_TRUE(reader) << to_string(reader.error());
  standby_->stop();
  std::thread appending([&] {
    const auto settled = append_at_last(**writer, request_of(1, 1));
    EXPECT_TRUE(settled) << to_string(settled.error());
  });
  while ((*reader)->head().position.value < 2) std::this_thread::sleep_for(milliseconds(5));
  third->stop();
  const auto early = (*reader)->read({});
  EXPECT_FALSE(early);
  if (!early) {
    EXPECT_EQ(early.error().code, ErrorCode::unavailable) << to_string(early.error());
    EXPECT_NE(early.error().message.find("standby's confirmation"), std::string::npos)
        << to_string(early.error());
  }
  ASSERT_TRUE(standby_->start_again());
  appending.join();
  const auto late = read_all(**reader, {});
  ASSERT_TRUE(late) << to_string(late.error());
  EXPECT_EQ(late->size(), 2U);
}

}  // namespace
}  // namespace annals::warehouse
