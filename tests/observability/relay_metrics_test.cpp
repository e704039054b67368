// A relay's metrics are its status, and whoever leads is ready only near the head.

#include <thread>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/observability/relay_metrics.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "exposition.hpp"
#include "kafka/mock_cluster.hpp"
#include "relay/running_relay.hpp"

namespace annals::observability_test {
namespace {

using relay_test::RunningRelay;
using Role = RelayStatus::Role;

class WatchedRelay : public testing::Test {
 protected:
  void SetUp() override { append(5); }
  void append(int events) {
    for (int i = 0; i < events; ++i) {
      ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on("a-1")})));
    }
  }
  // As another relay has left it, or holds it.
  void keep(RelayRecord record) {
    record.topic = options_.topic;
    record.revision = 1;
    record.epoch = 7;
    record.lease = std::chrono::hours(1);
    auto kept = checkpoints_->replace(record);
    ASSERT_TRUE(kept && *kept);
  }
  Checkpoint checkpoint_of(const EventStore& store, GlobalPosition position) const {
    const Token token = store.token();
    return {{token.store, token.era, position}, *store.link_at(position)};
  }
  std::string why_not() const {
    const Readiness readiness = observability_.readiness();
    return readiness.checks.empty() ? "unchecked" : readiness.checks.front().why;
  }
  // Of the metrics of relay main.
  double value(const std::string& name) const {
    return Exposition(observability_.metrics()).value("annals_relay_" + name, {{"relay", "main"}});
  }
  double is(const std::string& role) const {
    return Exposition(observability_.metrics())
        .value("annals_relay_role", {{"relay", "main"}, {"role", role}});
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  RelayOptions options_{.brokers = "127.0.0.1:1", .topic = "ledger"};
  Observability observability_;
};

TEST_F(WatchedRelay, OneThatDoesNotRunIsNotReady) {
  const auto relay = make_relay(*store_, *checkpoints_, options_);
  ASSERT_TRUE(relay);
  watch(observability_, **relay);
  EXPECT_EQ(why_not(), "is not running");
  EXPECT_EQ(is("idle"), 1);
  EXPECT_EQ(value("lag_events"), 0) << "nothing is known of it";
}

TEST_F(WatchedRelay, OneThatStandsByIsReadyAndTellsHowFarTheLeaderIs) {
  keep({.topic = {}, .holder = make_holder(), .checkpoint = checkpoint_of(*store_, {3})});
  RunningRelay relay(*store_, *checkpoints_, options_);
  watch(observability_, relay.relay());
  relay.until([](const RelayStatus& s) { return s.role == Role::standby; });
  EXPECT_EQ(why_not(), "");
  EXPECT_EQ(is("standby"), 1);
  EXPECT_EQ(is("leader"), 0);
  EXPECT_EQ(value("epoch"), 7);
  EXPECT_EQ(value("position"), 3);
  EXPECT_EQ(value("head_position"), 5);
  EXPECT_EQ(value("lag_events"), 2);
  EXPECT_GT(value("lag_seconds"), 0);
  ASSERT_TRUE(relay.stop());
}

TEST_F(WatchedRelay, OneThatHasHaltedIsNotReadyAndSaysWhy) {
  const auto other = make_memory_event_store();
  keep({.topic = {}, .checkpoint = checkpoint_of(*other, {0})});
  RunningRelay relay(*store_, *checkpoints_, options_);
  watch(observability_, relay.relay());
  ASSERT_FALSE(relay.wait());
  const std::string why = why_not();
  EXPECT_NE(why.find("has halted: "), std::string::npos) << why;
  EXPECT_NE(why.find(to_string(other->token().store)), std::string::npos) << why;
  EXPECT_EQ(value("failing"), 1);
  EXPECT_EQ(value("following"), 0);
}

TEST_F(WatchedRelay, ALeaderLagsWhileBrokersAreAwayAndHasAllWhenTheyAreThere) {
  const kafka_test::MockCluster mock("ledger", 2, 1);
  options_.brokers = mock.brokers();
  options_.make_topic = false;
  rd_kafka_mock_broker_set_down(mock.get(), 1);
  Observability strict({.lag_events_max = 4});
  RunningRelay relay(*store_, *checkpoints_, options_);
  watch(observability_, relay.relay());
  watch(strict, relay.relay());
  relay.until([](const RelayStatus& s) { return s.role == Role::leader; });
  EXPECT_EQ(value("lag_events"), 5);
  EXPECT_GT(value("lag_seconds"), 0);
  EXPECT_EQ(value("following"), 0);
  EXPECT_EQ(is("leader"), 1);
  EXPECT_EQ(why_not(), "");
  EXPECT_NE(strict.readiness().checks.front().why.find("is behind by 5 events; 4 are allowed"),
            std::string::npos);
  rd_kafka_mock_broker_set_up(mock.get(), 1);
  relay.until_published(store_->head().position);
  relay.until([](const RelayStatus& s) { return s.events == 5; });
  EXPECT_EQ(value("position"), 5);
  EXPECT_EQ(value("lag_events"), 0);
  EXPECT_EQ(value("lag_seconds"), 0);
  EXPECT_EQ(value("following"), 1);
  EXPECT_EQ(value("events_total"), 5);
  EXPECT_EQ(value("epoch"), 1);
  EXPECT_EQ(value("claims_total"), 1);
  EXPECT_EQ(value("producers_total"), relay.status().producers);
  EXPECT_EQ(strict.readiness().ready(), true);
  ASSERT_TRUE(relay.stop());
}

}  // namespace
}  // namespace annals::observability_test
