// A consumer group against librdkafka's own mock cluster: rebalances under work, where no broker
// can be had.

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/kafka_source.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "kafka/mock_cluster.hpp"
#include "kafka/topic.hpp"
#include "per_stream.hpp"
#include "published.hpp"
#include "relay/running_relay.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

class GroupOnMock : public testing::Test {
 protected:
  GroupOnMock() {
    // The mock keeps few records, and wakes nobody who waits for more.
    relay_options_.watermark_every = milliseconds(500);
  }
  std::unique_ptr<KafkaSource> source() const {
    auto made = make_kafka_source({.brokers = relay_options_.brokers,
                                   .topic = "ledger",
                                   .group = "group",
                                   .settings = {{"fetch.wait.max.ms", "10"},
                                                {"heartbeat.interval.ms", "100"},
                                                {"session.timeout.ms", "6000"}}});
    EXPECT_TRUE(made) << to_string(made.error());
    return made ? *std::move(made) : nullptr;
  }

  const kafka_test::MockCluster mock_{"ledger", 3};
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  RelayOptions relay_options_{.brokers = mock_.brokers(), .topic = "ledger", .make_topic = false};
  std::mt19937_64 random_{testkit::seed(6111)};
};

constexpr std::int16_t fetch_request = 1;
constexpr std::int16_t find_coordinator_request = 10;
constexpr std::int16_t heartbeat_request = 12;

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}
// Fails the test if it does not come about.
bool comes_about(const std::function<bool()>& what) {
  const auto longest = std::chrono::steady_clock::now() + patience;
  while (!what()) {
    if (std::chrono::steady_clock::now() > longest) {
      ADD_FAILURE() << "it does not come about";
      return false;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

int held(const ProjectionRunner& runner) {
  int count = 0;
  const auto status = runner.status("per_stream");
  for (const PartitionStatus& partition : status->partitions) count += partition.epoch > 0 ? 1 : 0;
  return count;
}

TEST_F(GroupOnMock, MembersThatComeAndGoUnderWorkLoseAndDoubleNothing) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const auto rows = open_rows();
  const auto work_until = [&](const auto& reached) {
    const auto longest = std::chrono::steady_clock::now() + 3 * patience;
    while (!reached()) {
      ASSERT_LT(std::chrono::steady_clock::now(), longest);
      work(*store_, store_->head().position.value + 5, random_);
      // The mock cluster's partitions hold a few megabytes, and its rebalances take their time.
      std::this_thread::sleep_for(milliseconds(200));
    }
  };
  const auto one_source = source();
  ProjectionRunner one(*one_source, *rows, {.threads = 2, .batch_events = 20});
  ASSERT_TRUE(one.add_to_group<PerStream>(*one_source));
  work_until([&] { return held(one) == 3; });
  const auto two_source = source();
  ProjectionRunner two(*two_source, *rows, {.threads = 2, .batch_events = 20});
  ASSERT_TRUE(two.add_to_group<PerStream>(*two_source));
  work_until([&] { return held(one) > 0 && held(two) > 0 && held(one) + held(two) == 3; });
  one.stop();
  work_until([&] { return held(two) == 3; });
  const GlobalPosition head = store_->head().position;
  const auto record = rows->wait("per_stream", head, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(record && *record);
  EXPECT_GE((*record)->position(), head) << (*record)->failure;
  expect_counts_of(*store_, *rows);
  EXPECT_EQ(two.status("per_stream")->fenced, 0U);
  two.stop();
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, AnOffsetThatIsOutOfRangeForAMomentIsReadAgain) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const auto rows = open_rows();
  const auto from_kafka = source();
  ProjectionRunner runner(*from_kafka, *rows, {.threads = 2});
  ASSERT_TRUE(runner.add_to_group<PerStream>(*from_kafka));
  GlobalPosition head = work(*store_, 100, random_);
  ASSERT_TRUE(runner.wait("per_stream", head, patience));
  // As of a broker that has just begun to lead.
  for (int i = 0; i < 4; ++i) {
    rd_kafka_mock_push_request_errors(mock_.get(), fetch_request, 1,
                                      RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  }
  head = work(*store_, 200, random_);
  const auto reached = runner.wait("per_stream", head, patience);
  ASSERT_TRUE(reached) << to_string(reached.error());
  expect_counts_of(*store_, *rows);
  EXPECT_GT(runner.status("per_stream")->retries, 0U);
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, WhenBrokersAreAwayTheLagIsNotKnownRatherThanNone) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const auto rows = open_rows();
  const auto topic = source();
  ProjectionRunner runner(*topic, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  expect_reached(runner, "stock", work(*store_, 20, random_));
  EXPECT_EQ(runner.status("stock")->lag_error, "");
  for (std::int32_t broker = 1; broker <= 3; ++broker) {
    rd_kafka_mock_broker_set_down(mock_.get(), broker);
  }
  comes_about(
      [&] { return says(runner.status("stock")->lag_error, "topic ledger was not seen for "); });
  for (std::int32_t broker = 1; broker <= 3; ++broker) {
    rd_kafka_mock_broker_set_up(mock_.get(), broker);
  }
  expect_reached(runner, "stock", work(*store_, 40, random_));
  comes_about([&] { return runner.status("stock")->lag_error.empty(); });
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, WhereCursorsCannotBeHadAtAnAssignmentNothingIsReadAllOver) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  GlobalPosition head = work(*store_, 300, random_);
  relay.until_published(head);
  // Reads each partition up to the head, and gives where that is.
  const auto read_all_of = [&](const PartitionedSource& from_kafka,
                               std::array<SubscriptionOptions, 3>& places) {
    const auto member =
        from_kafka.join({.consumer = "reader", .cursors = []() -> Result<std::vector<std::string>> {
                           return Error{ErrorCode::unavailable, "the database is down"};
                         }});
    ASSERT_TRUE(member) << to_string(member.error());
    for (std::uint32_t i = 0; i < places.size(); ++i) {
      const auto subscription = (*member)->partition(i).subscribe(places[i]);
      ASSERT_TRUE(subscription) << to_string(subscription.error());
      ASSERT_TRUE(comes_about([&] {
        const auto batch = (*subscription)->next(milliseconds(100));
        if (batch) places[i].after = batch->checkpoint();
        if (batch) places[i].cursor = batch->cursor;
        return batch && batch->complete_up_to >= head;
      }));
    }
  };
  std::array<SubscriptionOptions, 3> places;
  const auto first = source();
  read_all_of(*first, places);
  EXPECT_EQ(first->status().repeated, 0U);
  head = work(*store_, 330, random_);
  relay.until_published(head);
  const auto later = source();
  read_all_of(*later, places);
  EXPECT_LE(later->status().repeated, places.size()) << "one each tells that it is the same topic";
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, ARecordOfOthersStopsItsPartitionAndNoOther) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const auto rows = open_rows();
  const auto from_kafka = source();
  ProjectionRunner runner(*from_kafka, *rows, {.threads = 2});
  ASSERT_TRUE(runner.add_to_group<PerStream>(*from_kafka));
  GlobalPosition head = work(*store_, 100, random_);
  ASSERT_TRUE(runner.wait("per_stream", head, patience));
  const auto parts_that = [&](const auto& property) {
    const auto status = runner.status("per_stream");
    return std::count_if(status->partitions.begin(), status->partitions.end(), property);
  };
  // The relay publishes nothing behind it before the source has seen it.
  kafka_test::produce(relay_options_.brokers, "ledger", "key", "a stranger's");
  ASSERT_TRUE(comes_about([&] {
    return parts_that([](const PartitionStatus& part) {
             return part.activity == ProjectionActivity::halted;
           }) == 1;
  }));
  ASSERT_TRUE(
      comes_about([&] { return says(from_kafka->status().last_error, "a record is no relay's"); }));
  head = work(*store_, 300, random_);
  ASSERT_TRUE(comes_about([&] {
    return parts_that([&](const PartitionStatus& part) { return part.position >= head; }) == 2;
  }));
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, NamesThatCouldComeToTheSameGroupAreRefused) {
  const auto made = make_kafka_source(
      {.brokers = relay_options_.brokers, .topic = "ledger", .group = "group/per"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_PRED2(says, made.error().message, "'group/per'");
  const auto joined = source()->join({.consumer = "per/stream", .cursors = {}});
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, ErrorCode::invalid_argument);
  EXPECT_PRED2(says, joined.error().message, "'per/stream'");
}

TEST_F(GroupOnMock, AMemberThatKafkaPutsOutGivesItsPartitionsBackAndSaysWhy) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const auto rows = open_rows();
  const auto one_source = source();
  ProjectionRunner one(*one_source, *rows, {.threads = 2, .lease = std::chrono::minutes(10)});
  ASSERT_TRUE(one.add_to_group<PerStream>(*one_source));
  GlobalPosition head = work(*store_, 100, random_);
  ASSERT_TRUE(one.wait("per_stream", head, patience));
  rd_kafka_mock_push_request_errors(mock_.get(), heartbeat_request, 1,
                                    RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  ASSERT_TRUE(comes_about([&] { return held(one) == 0; }));
  EXPECT_PRED2(says, one_source->status().last_error, "FENCED_INSTANCE_ID");
  ASSERT_TRUE(comes_about([&] {
    return says(one.status("per_stream")->last_error, "put out of group group/per_stream");
  }));
  // Whoever Kafka gives them to finds them free, long before a lease runs out.
  const auto two_source = source();
  ProjectionRunner two(*two_source, *rows, {.threads = 2});
  ASSERT_TRUE(two.add_to_group<PerStream>(*two_source));
  head = work(*store_, 200, random_);
  const auto reached = two.wait("per_stream", head, patience);
  ASSERT_TRUE(reached) << to_string(reached.error());
  expect_counts_of(*store_, *rows);
  two.stop();
  one.stop();
  ASSERT_TRUE(relay.stop());
}

TEST_F(GroupOnMock, AMemberThatIsNotLetInSaysWhyAndIsWellOnceItIs) {
  relay_test::RunningRelay relay(*store_, *checkpoints_, relay_options_);
  const GlobalPosition head = work(*store_, 50, random_);
  for (int i = 0; i < 5; ++i) {
    rd_kafka_mock_push_request_errors(mock_.get(), find_coordinator_request, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  }
  const auto rows = open_rows();
  const auto from_kafka = source();
  ProjectionRunner runner(*from_kafka, *rows, {.threads = 2});
  ASSERT_TRUE(runner.add_to_group<PerStream>(*from_kafka));
  ASSERT_TRUE(comes_about(
      [&] { return says(from_kafka->status().last_error, "GROUP_AUTHORIZATION_FAILED"); }));
  ASSERT_TRUE(runner.wait("per_stream", head, patience));
  ASSERT_TRUE(comes_about([&] { return from_kafka->status().last_error.empty(); }));
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

}  // namespace
}  // namespace annals::warehouse
