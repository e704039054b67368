// A client's session while the store behind it is restored from a backup: what it has seen and the
// backup holds goes on counting, and what was lost is never passed over in silence.

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/queries/query_bus.hpp>
#include <annals/queries/session.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "queries/query_bus_fixture.hpp"

namespace annals::warehouse {
namespace {

/// Ten pieces arrive, the store is backed up, five more arrive and are lost, the backup is restored
/// and twenty others arrive there. One client has seen the ten only, the other the fifteen.
class SessionAcrossEras : public testing::Test {
 protected:
  void SetUp() override {
    old_ = *open_log_event_store({.path = folder_.file("store")});
    arrive(*old_, 10);
    ASSERT_TRUE(within_.observe(old_->token()));
    ASSERT_TRUE(backup_log({.path = folder_.file("store")}, folder_.file("backup")));
    arrive(*old_, 5);
    ASSERT_TRUE(beyond_.observe(old_->token()));
    ASSERT_TRUE(restore_log(folder_.file("backup"), {.path = folder_.file("restored")}));
    restored_ = *open_log_event_store({.path = folder_.file("restored")});
    arrive(*restored_, 20);
    runner_ = std::make_unique<ProjectionRunner>(*restored_, *rows_);
    ASSERT_TRUE(runner_->add<Stock>());
    bus_ = std::make_unique<QueryBus>(*restored_, *rows_);
  }

  static void arrive(EventStore& store, int count) {
    for (int i = 0; i < count; ++i) append(store, GoodsArrived{"a", 1});
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<EventStore> old_;
  std::unique_ptr<EventStore> restored_;
  std::unique_ptr<ReadModelStore> rows_ = open_rows();
  std::unique_ptr<ProjectionRunner> runner_;
  std::unique_ptr<QueryBus> bus_;
  Session within_;
  Session beyond_;
};

TEST_F(SessionAcrossEras, WhatTheBackupHoldsGoesOnCountingInTheNewEra) {
  auto answer = bus_->ask(CountOf{"a"}, within_.consistency());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_GE(answer->value, 10);
  ASSERT_TRUE(within_.observe(restored_->token()));
  EXPECT_EQ(within_.token()->era, Era{2});
  answer = bus_->ask(CountOf{"a"}, within_.consistency());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->value, 30);
  EXPECT_EQ(answer->token, restored_->token());
}

TEST_F(SessionAcrossEras, ALostWriteIsToldAlsoWhenTheNewEraHasComeFurther) {
  ASSERT_GT(restored_->head().position, beyond_.token()->position);
  for (const bool stale : {false, true}) {
    auto consistency = beyond_.consistency();
    if (stale) consistency = consistency.or_stale();
    const auto answer = bus_->ask(CountOf{"a"}, consistency);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::diverged) << to_string(answer.error());
  }
}

TEST_F(SessionAcrossEras, AnAnswerOfTheNewEraCountsForMoreThanALostOneFurtherOn) {
  // A service has answered the client from position 12, which only the new era has.
  ASSERT_TRUE(beyond_.observe(Token{restored_->token().store, Era{2}, GlobalPosition{12}}));
  EXPECT_EQ(beyond_.token()->position, GlobalPosition{12});
  const auto answer = bus_->ask(CountOf{"a"}, beyond_.consistency());
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_GE(answer->value, 12);
  // And what is still on its way from the lost era does not bring that back.
  ASSERT_TRUE(beyond_.observe(old_->token()));
  EXPECT_EQ(beyond_.token()->era, Era{2});
}

TEST_F(SessionAcrossEras, AServiceThatStillHasTheOldStoreDoesNotAnswerForTheNewEra) {
  auto old_rows = open_rows();
  ProjectionRunner old_runner(*old_, *old_rows);
  ASSERT_TRUE(old_runner.add<Stock>());
  expect_reached(old_runner, "stock", old_->head().position);
  QueryBus old_bus(*old_, *old_rows);
  ASSERT_TRUE(within_.observe(restored_->token()));
  const auto answer = old_bus.ask(CountOf{"a"}, within_.consistency());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::diverged) << to_string(answer.error());
}

}  // namespace
}  // namespace annals::warehouse
