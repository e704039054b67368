// The relay against librdkafka's own mock cluster, which fails as it is told to. The mock forgets
// nothing and doubles nothing here; what it cannot show (fencing, restarts) is broker_test's.

#include "kafka/mock_cluster.hpp"

#include <filesystem>
#include <utility>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/partitioner.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "history.hpp"
#include "kafka/topic.hpp"
#include "running_relay.hpp"
#include "topic_check.hpp"

namespace annals::relay_test {
namespace {

constexpr std::int16_t produce_request = 0;
constexpr int partitions = 3;

class RelayToMock : public testing::Test {
 protected:
  void expect_whole(GlobalPosition head) {
    const auto records = kafka_test::read_topic(options_.brokers, options_.topic);
    const TopicCheck check = check_topic(records);
    EXPECT_EQ(check.missing(head.value), 0U);
  }

  const kafka_test::MockCluster mock_{"ledger", partitions};
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  RelayOptions options_{.brokers = mock_.brokers(), .topic = "ledger", .make_topic = false};
  std::mt19937_64 random_{testkit::seed(6003)};
};

TEST_F(RelayToMock, AnswersThatAskToTryAgainCostNothing) {
  GlobalPosition head = grow(*store_, 200, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published(head);
  rd_kafka_mock_push_request_errors(
      mock_.get(), produce_request, 4, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  head = grow(*store_, 600, random_);
  relay.until_published(head);
  EXPECT_EQ(relay.status().producers, 1U);
  ASSERT_TRUE(relay.stop());
  expect_whole(head);
}

TEST_F(RelayToMock, AFatalErrorCostsTheProducerAndNothingElse) {
  GlobalPosition head = grow(*store_, 200, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published(head);
  rd_kafka_mock_push_request_errors(mock_.get(), produce_request, 1,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  head = grow(*store_, 600, random_);
  relay.until_published(head);
  EXPECT_GE(relay.status().producers, 2U);
  EXPECT_EQ(relay.status().claims, 1U) << "the lease stays";
  ASSERT_TRUE(relay.stop());
  expect_whole(head);
}

TEST_F(RelayToMock, BrokersThatAreAwayAreWaitedForAndTheBufferStaysBounded) {
  options_.buffer_bytes_max = 64 * 1024;
  GlobalPosition head = grow(*store_, 200, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published(head);
  for (std::int32_t broker = 1; broker <= 3; ++broker) {
    rd_kafka_mock_broker_set_down(mock_.get(), broker);
  }
  head = grow(*store_, 1'500, random_);
  relay.until([](const RelayStatus& s) { return s.waiting_bytes > 0 && !s.last_error.empty(); });
  EXPECT_LE(relay.status().waiting_bytes, options_.buffer_bytes_max);
  EXPECT_GT(relay.status().lag(), 0U);
  EXPECT_EQ(relay.status().role, RelayStatus::Role::leader);
  for (std::int32_t broker = 1; broker <= 3; ++broker) {
    rd_kafka_mock_broker_set_up(mock_.get(), broker);
  }
  relay.until_published(head);
  relay.until([](const RelayStatus& s) { return s.last_error.empty(); });
  ASSERT_TRUE(relay.stop());
  expect_whole(head);
}

// A batch of a packed log has its data to itself, and no other batch refers to it.
TEST_F(RelayToMock, RecordsThatWaitKeepTheirDataWhateverIsReadMeanwhile) {
  const testkit::TemporaryFolder folder;
  auto log = open_log_event_store({.path = folder.path() + "/log",
                                   .segment_bytes = 64 * 1024,
                                   .compression = Compression::zstd});
  ASSERT_TRUE(log) << log.error().message;
  const GlobalPosition head = grow(**log, 6'000, random_);
  const auto all_packed = [&] {
    const Stats stats = (*log)->stats();
    return stats.segments > 2 && stats.segments_packed + 1 == stats.segments;
  };
  while (!all_packed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto answer_after = [&](int ms) {
    for (std::int32_t broker = 1; broker <= 3; ++broker) {
      rd_kafka_mock_broker_set_rtt(mock_.get(), broker, ms);
    }
  };
  answer_after(100);  // So that several batches are read before the first one is acknowledged.
  RunningRelay relay(**log, *checkpoints_, options_);
  relay.until_published(head);
  ASSERT_TRUE(relay.stop());
  answer_after(0);
  const auto records = kafka_test::read_topic(options_.brokers, options_.topic);
  const TopicCheck check = check_topic(records);
  ASSERT_EQ(check.missing(head.value), 0U);
  const auto events = read_all(**log, {});
  ASSERT_TRUE(events) << events.error().message;
  for (const RecordedEvent& event : *events) {
    ASSERT_EQ(check.events.at(event.position.value - 1)->value, event.data) << event.position.value;
  }
}

/// A log whose relay keeps its checkpoint in the log's folder, so that a copy has both.
class CopiedLogToMock : public RelayToMock {
 protected:
  void SetUp() override {
    RelayToMock::SetUp();
    options_.watermark_every = std::chrono::hours(1);  // One after the first batch, and no more.
  }
  static void append_to(EventStore& log, const std::vector<std::string>& streams) {
    AppendRequest request;
    for (const std::string& stream : streams) {
      request.events.push_back(testkit::event_on(stream));
      request.checks.push_back({stream, ExpectedVersion::any()});
    }
    const auto receipt = log.append(std::move(request));
    ASSERT_TRUE(receipt) << receipt.error().message;
  }
  void append(const std::vector<std::string>& streams) { append_to(*opened(), streams); }
  /// Each in an append of its own, and published alone.
  void publish(const std::vector<std::vector<std::string>>& appends) {
    const auto log = opened();
    const auto checkpoints = *open_relay_checkpoint_folder(path_ + "/relay");
    RunningRelay relay(*log, *checkpoints, options_);
    for (const auto& streams : appends) {
      append_to(*log, streams);
      relay.until_published(log->head().position);
    }
    const auto ended = relay.stop();
    EXPECT_TRUE(ended) << ended.error().message;
  }
  Error refusal() {
    const auto log = opened();
    const auto checkpoints = *open_relay_checkpoint_folder(path_ + "/relay");
    RunningRelay relay(*log, *checkpoints, options_);
    const auto ended = relay.wait();
    if (ended) return {ErrorCode::unavailable, "it was not refused"};
    EXPECT_NE((*checkpoints->load(options_.topic))->failure, "");
    return ended.error();
  }
  std::unique_ptr<EventStore> opened() {
    auto log = open_log_event_store({.path = path_});
    EXPECT_TRUE(log) << log.error().message;
    return *std::move(log);
  }
  void copy(const std::string& from, const std::string& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }
  static std::string stream_elsewhere_than(const std::string& stream) {
    std::string other = "b";
    while (partition_of(other, partitions) == partition_of(stream, partitions)) ++other[0];
    return other;
  }
  std::size_t records() const {
    std::size_t count = 0;
    for (const auto& partition : kafka_test::read_topic(options_.brokers, options_.topic)) {
      count += partition.size();
    }
    return count;
  }

  testkit::TemporaryFolder folder_of_logs_;
  const std::string path_ = folder_of_logs_.file("log");
  const std::string kept_ = folder_of_logs_.file("kept");
};

TEST_F(CopiedLogToMock, OneThatWasPutBackIsRefusedWhetherItIsShorterThanTheTopicOrWentAnotherWay) {
  publish({{"a"}});
  copy(path_, kept_);
  publish({{"b"}});
  const std::size_t before = records();
  copy(kept_, path_);
  const Error shorter = refusal();
  EXPECT_EQ(shorter.code, ErrorCode::diverged) << shorter.message;
  for (const char* word :
       {"topic ledger, partition ", "holds position 2", "put back", "new topic"}) {
    EXPECT_NE(shorter.message.find(word), std::string::npos) << shorter.message;
  }
  append({"c"});
  append({"c"});
  const Error another_way = refusal();
  EXPECT_EQ(another_way.code, ErrorCode::diverged) << another_way.message;
  EXPECT_NE(another_way.message.find("the link at position 2"), std::string::npos)
      << another_way.message;
  EXPECT_EQ(records(), before) << "nothing of the other history";
}

TEST_F(CopiedLogToMock, WhereAPartitionEndsInsideAnAppendItsEventTells) {
  const std::string other = stream_elsewhere_than("a");
  publish({{"a"}});
  copy(path_, kept_);
  publish({{"a"}, {"a", other}});
  // As if the relay had died before it sent the append's end.
  rd_kafka_mock_topic_create(mock_.get(), "cut", partitions, 3);
  kafka_test::copy_topic(
      options_.brokers, "ledger", "cut", [](std::size_t, const kafka_test::TopicRecord& record) {
        return record.number("annals-position") == 1 || !record.headers.contains("annals-link");
      });
  options_.topic = "cut";
  ASSERT_EQ(records(), 1U + partitions) << "the first event, its watermarks, half an append";
  copy(kept_, path_);
  append({"a"});
  append({"a", other});
  const auto checkpoints = *open_relay_checkpoint_folder(path_ + "/relay");
  RelayRecord record = **checkpoints->load("ledger");
  record.topic = "cut";
  record.revision = 1;
  ASSERT_TRUE(*checkpoints->replace(record));
  const Error error = refusal();
  EXPECT_EQ(error.code, ErrorCode::diverged) << error.message;
  EXPECT_NE(error.message.find("holds position 3: its event is "), std::string::npos)
      << error.message;
}

TEST_F(CopiedLogToMock, RecordsBeyondTheCheckpointThatAreOfTheLogAreRepeatedAndItGoesOn) {
  publish({{"a"}});
  copy(path_ + "/relay", kept_);
  publish({{"b"}, {"c", "a"}});
  copy(kept_, path_ + "/relay");  // As a crash leaves it.
  publish({{"d"}});
  expect_whole({5});
}

/// A place where another machine's relay takes the first claim over at once, and publishes.
class Overtaking final : public RelayCheckpoints {
 public:
  Overtaking(RelayCheckpoints& inner, std::string brokers)
      : inner_(inner), brokers_(std::move(brokers)) {}

  std::string name() const override { return inner_.name(); }
  Result<std::optional<RelayRecord>> load(std::string_view topic) const override {
    return inner_.load(topic);
  }
  Result<bool> replace(const RelayRecord& record) override {
    auto replaced = inner_.replace(record);
    if (replaced && *replaced && !std::exchange(overtaken_, true)) {
      RelayRecord next = record;
      ++next.revision;
      ++next.epoch;
      next.holder = Holder{.host = "another", .pid = 1, .started = 1, .runner = "another"};
      EXPECT_TRUE(inner_.replace(next).value());
      kafka_test::produce(brokers_, next.topic, "stream", "{}");
    }
    return replaced;
  }

 private:
  RelayCheckpoints& inner_;
  const std::string brokers_;
  bool overtaken_ = false;
};

TEST_F(RelayToMock, OneThatWasOvertakenAsItBeganStandsByWhateverItFindsInTheTopic) {
  grow(*store_, 20, random_);
  Overtaking checkpoints(*checkpoints_, options_.brokers);
  options_.lease = std::chrono::minutes(1);
  RunningRelay relay(*store_, checkpoints, options_);
  relay.until([](const RelayStatus& status) {
    return status.claims == 1 && status.role == RelayStatus::Role::standby;
  });
  const auto ended = relay.stop();
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE((*checkpoints_->load("ledger"))->failure.empty());
}

}  // namespace
}  // namespace annals::relay_test
