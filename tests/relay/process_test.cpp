// Relays as processes that are killed and frozen at random moments.

#include <algorithm>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "cli/program.hpp"
#include "history.hpp"
#include "kafka/brokers.hpp"
#include "kafka/topic.hpp"
#include "running_relay.hpp"
#include "topic_check.hpp"

#include <signal.h>

namespace annals::relay_test {
namespace {

using namespace std::chrono_literals;
using test::Program;

class RelayProcesses : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    auto opened = open_log_event_store({.path = folder_.file("store")});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  std::vector<std::string> words(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {
        ANNALS_PROGRAM, "relay", folder_.file("store"), "--brokers", *kafka_test::brokers(),
        "--topic",      topic_};
    if (std::find(more.begin(), more.end(), "--partitions") == more.end()) {
      all.insert(all.end(), {"--partitions", "3"});
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Publishes the rest, and reads everything back.
  void expect_whole(GlobalPosition head) {
    const test::Ended ended = test::run(words({"--once"}));
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const auto records = kafka_test::read_topic(*kafka_test::brokers(), topic_);
    const TopicCheck check = check_topic(records);
    EXPECT_EQ(check.missing(head.value), 0U);
    EXPECT_EQ(check.events.size(), head.value);
    std::printf("%llu records taken, %llu repeated\n", static_cast<unsigned long long>(check.taken),
                static_cast<unsigned long long>(check.repeated));
  }
  void sleep_some(int longest_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % longest_ms));
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<EventStore> store_;
  std::string topic_ = kafka_test::new_topic_name();
  std::mt19937_64 random_{testkit::seed(6002)};
};

TEST_F(RelayProcesses, KilledAtAnyMomentTheyLeaveNoGap) {
  GlobalPosition head = grow(*store_, 1'000, random_);
  for (int round = 0; round < 8; ++round) {
    // Records wait for longer than a checkpoint does, so that there always are some in flight.
    Program relay(words({"--set", "linger.ms=400"}));
    const auto until =
        std::chrono::steady_clock::now() + 400ms + std::chrono::milliseconds(random_() % 1'200);
    while (std::chrono::steady_clock::now() < until) {
      head = grow(*store_, head.value + 10, random_);
      std::this_thread::sleep_for(5ms);
    }
    relay.signal(SIGKILL);
    relay.wait();
  }
  expect_whole(head);
}

TEST_F(RelayProcesses, OneThatWasFrozenAndGoesOnBreaksNothing) {
  GlobalPosition head = grow(*store_, 1'000, random_);
  const auto leads = [](const std::vector<std::string>& lines) {
    return !lines.empty() && lines.back().find(R"("role":"leader")") != std::string::npos;
  };
  const std::vector<std::string> more = {"--lease",        "0.7", "--set", "linger.ms=300",
                                         "--status-every", "0.1"};
  for (int round = 0; round < 3; ++round) {
    Program frozen(words(more));
    const auto until = std::chrono::steady_clock::now() + 60s;
    for (std::size_t count = 1; !leads(frozen.lines(count, 60s)); ++count) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
    }
    head = grow(*store_, head.value + 300, random_);
    sleep_some(300);
    frozen.signal(SIGSTOP);
    Program successor(words(more));
    for (std::size_t count = 1; !leads(successor.lines(count, 60s)); ++count) {
      ASSERT_LT(std::chrono::steady_clock::now(), until + 60s);
    }
    head = grow(*store_, head.value + 300, random_);
    sleep_some(300);
    frozen.signal(SIGCONT);
    head = grow(*store_, head.value + 300, random_);
    sleep_some(500);
    frozen.signal(SIGTERM);
    const test::Ended ended = frozen.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    successor.signal(SIGTERM);
    EXPECT_EQ(successor.wait().exit_code, 0);
  }
  expect_whole(head);
}

TEST_F(RelayProcesses, StatusIsJsonLinesAndASignalEndsThemCleanly) {
  const GlobalPosition head = grow(*store_, 100, random_);
  Program relay(words({"--status-every", "0.05"}));
  std::vector<std::string> lines;
  const std::string all = "\"position\":" + std::to_string(head.value) + ",";
  const auto until = std::chrono::steady_clock::now() + 60s;
  for (std::size_t count = 1; lines.empty() || lines.back().find(all) == std::string::npos;) {
    lines = relay.lines(++count, 60s);
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
  relay.signal(SIGTERM);
  const test::Ended ended = relay.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::string& last = lines.back();
  for (const char* name : {"role", "epoch", "head", "lag", "events", "events_per_second"}) {
    EXPECT_NE(last.find('"' + std::string(name) + "\":"), std::string::npos) << last;
  }
  const test::Ended verified = test::run({ANNALS_PROGRAM, "verify", folder_.file("store")});
  EXPECT_EQ(verified.exit_code, 0) << "the checkpoint beside it is none of the store's";
  expect_whole(head);
}

TEST_F(RelayProcesses, AnEventThatIsTooLargeGoesOutOnceRecordsMayBeLarger) {
  AppendRequest request;
  request.events.push_back(
      {.stream = "big-1", .type = "happened", .data = '"' + std::string(900'000, 'x') + '"'});
  request.checks.push_back({"big-1", ExpectedVersion::any()});
  const auto receipt = store_->append(std::move(request));
  ASSERT_TRUE(receipt) << receipt.error().message;
  const test::Ended refused = test::run(
      words({"--record-bytes", "500000", "--topic-set", "max.message.bytes=3000000", "--once"}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("record_bytes_max is 500000"), std::string::npos) << refused.err;
  const test::Ended raised = test::run(words({"--record-bytes", "1500000", "--once"}));
  EXPECT_EQ(raised.exit_code, 0) << raised.err;
  expect_whole({1});
}

TEST_F(RelayProcesses, OnceEndsBehindOneThatLeadsAndHasPublishedAll) {
  const GlobalPosition head = grow(*store_, 200, random_);
  const auto checkpoints = *open_relay_checkpoint_folder(folder_.file("store") + "/relay");
  RunningRelay leader(
      *store_, *checkpoints,
      {.brokers = *kafka_test::brokers(), .topic = topic_, .partitions = 3, .lease = 5min});
  ASSERT_TRUE(leader.until_published(head));
  const test::Ended ended = test::run(words({"--once"}));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("standby"), std::string::npos) << ended.out;
  ASSERT_TRUE(leader.stop());
}

TEST_F(RelayProcesses, AWrongCommandLineOrSettingIsSaidAtOnce) {
  const test::Ended unknown = test::run(words({"--set", "no.such.setting=1"}));
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("'no.such.setting'"), std::string::npos) << unknown.err;
  const test::Ended no_value = test::run(words({"--set", "linger.ms"}));
  EXPECT_EQ(no_value.exit_code, 2);
  EXPECT_NE(no_value.err.find("expects NAME=VALUE"), std::string::npos) << no_value.err;
  for (const char* wrong : {"-3", "0", "many"}) {
    const test::Ended partitions = test::run(words({"--partitions", wrong}));
    EXPECT_EQ(partitions.exit_code, 2);
    EXPECT_NE(partitions.err.find("--partitions: expects"), std::string::npos) << partitions.err;
  }
  const test::Ended compression = test::run(words({"--compression", "brotli"}));
  EXPECT_EQ(compression.exit_code, 2);
  EXPECT_NE(compression.err.find("snappy"), std::string::npos) << compression.err;
  const test::Ended too_small = test::run(words({"--record-bytes", "12"}));
  EXPECT_EQ(too_small.exit_code, 2);
  EXPECT_NE(too_small.err.find("--record-bytes"), std::string::npos) << too_small.err;
  const test::Ended no_topic =
      test::run({ANNALS_PROGRAM, "relay", folder_.file("store"), "--brokers", "127.0.0.1:1"});
  EXPECT_EQ(no_topic.exit_code, 2);
  EXPECT_NE(no_topic.err.find("--topic is required"), std::string::npos) << no_topic.err;
}

}  // namespace
}  // namespace annals::relay_test
