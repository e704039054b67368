// The place of checkpoints in PostgreSQL: compare-and-set that holds between machines.

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>

#include "postgres/database.hpp"

namespace annals {
namespace {

class PostgresRelayPlace : public testing::Test {
 protected:
  void SetUp() override { ANNALS_NEEDS_POSTGRES(); }
  std::unique_ptr<RelayCheckpoints> opened() {
    if (!schema_) schema_.emplace();
    auto place =
        open_postgres_relay_checkpoints({.url = schema_->url(), .schema = schema_->name()});
    EXPECT_TRUE(place) << place.error().message;
    return *std::move(place);
  }
  static RelayRecord record(std::uint64_t revision) {
    RelayRecord record{.topic = "ledger", .revision = revision, .epoch = 3, .checkpoint = {}};
    record.holder = make_holder();
    record.checkpoint.token = {new_store_id(), Era{2}, GlobalPosition{77}};
    record.last_positions = {{75}, {0}, {77}};
    record.last_offsets = {12, -1, 90};
    return record;
  }

  std::optional<postgres_test::Schema> schema_;
};

TEST_F(PostgresRelayPlace, KeepsWhatReplacesTheRevisionBefore) {
  const RelayRecord first = record(1);
  const RelayRecord second = record(2);
  {
    const auto place = opened();
    EXPECT_EQ(*place->load("ledger"), std::nullopt);
    EXPECT_FALSE(*place->replace(second)) << "there is no first one";
    EXPECT_TRUE(*place->replace(first));
    EXPECT_FALSE(*place->replace(first));
    EXPECT_TRUE(*place->replace(second));
    EXPECT_FALSE(*place->replace(second));
  }
  EXPECT_EQ(*opened()->load("ledger"), second);
  EXPECT_EQ(*opened()->load("another"), std::nullopt);
}

TEST_F(PostgresRelayPlace, OfManyWhoReplaceTheSameRevisionOneSucceeds) {
  constexpr std::uint64_t rounds = 30;
  const auto maker = opened();
  std::vector<std::atomic<int>> winners(rounds + 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, place = opened()] {
      while (true) {
        const auto loaded = place->load("ledger");
        ASSERT_TRUE(loaded) << loaded.error().message;
        const std::uint64_t next = *loaded ? (*loaded)->revision + 1 : 1;
        if (next > rounds) return;
        const auto replaced = place->replace(record(next));
        ASSERT_TRUE(replaced) << replaced.error().message;
        if (*replaced) ++winners[next];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t revision = 1; revision <= rounds; ++revision) {
    EXPECT_EQ(winners[revision], 1) << revision;
  }
}

TEST_F(PostgresRelayPlace, ASessionThatWasLostIsOpenedAnew) {
  const postgres_test::Database database;  // Its sessions are ours.
  const auto place = *open_postgres_relay_checkpoints({.url = database.url()});
  ASSERT_TRUE(*place->replace(record(1)));
  const auto other = *postgres::Connection::open({.url = database.url()});
  const auto ended = other->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE datname = current_database() AND application_name = 'annals relay'");
  ASSERT_TRUE(ended);
  ASSERT_FALSE(ended->empty());
  const auto lost = place->replace(record(2));
  if (!lost) {
    EXPECT_EQ(lost.error().code, ErrorCode::outcome_unknown) << lost.error().message;
  }
  const auto after = place->load("ledger");
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ((*after)->revision, lost && *lost ? 2U : 1U);
}

TEST(PostgresRelayPlaceWithoutServer, IsUnavailableAndShowsNoPassword) {
  const auto place =
      open_postgres_relay_checkpoints({.url = "postgres://ann:s3cret@127.0.0.1:1/x"});
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::unavailable);
  EXPECT_EQ(place.error().message.find("s3cret"), std::string::npos) << place.error().message;
}

}  // namespace
}  // namespace annals
