// The relay and a real broker: what lies in the topic is what the log says.

#include <functional>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/partitioner.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "history.hpp"
#include "kafka/brokers.hpp"
#include "kafka/topic.hpp"
#include "running_relay.hpp"
#include "topic_check.hpp"

namespace annals::relay_test {
namespace {

using kafka_test::read_topic;

class RelayToKafka : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    options_ = {
        .brokers = *kafka_test::brokers(), .topic = kafka_test::new_topic_name(), .partitions = 5};
  }
  // Why a relay does not go on.
  Error refusal(const EventStore& store, const RelayOptions& options) {
    RunningRelay relay(store, *checkpoints_, options);
    const auto ended = relay.wait();
    if (ended) {
      ADD_FAILURE() << "it was not refused";
      return {};
    }
    return ended.error();
  }
  // Relays one after the other, each stopped before the next begins.
  void expect_three_publish_all_once(const std::function<void()>& between) {
    GlobalPosition head;
    for (std::uint64_t events = 200; events <= 600; events += 200) {
      if (events > 200) between();
      head = grow(*store_, events, random_);
      RunningRelay relay(*store_, *checkpoints_, options_);
      relay.until_published(head);
      ASSERT_TRUE(relay.stop());
    }
    const auto records = read_topic(options_.brokers, options_.topic);
    const TopicCheck check = check_topic(records);
    EXPECT_EQ(check.missing(head.value), 0U);
    EXPECT_EQ(check.repeated, 0U);
  }
  static bool up_to_date(const RelayStatus& status, GlobalPosition head, std::uint64_t marks) {
    return status.position >= head && status.watermarks >= marks && status.waiting_bytes == 0;
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  RelayOptions options_;
  std::mt19937_64 random_{testkit::seed(6001)};
};

TEST_F(RelayToKafka, EveryEventArrivesOnceInOrderWithItsBytes) {
  options_.compression = "lz4";
  const GlobalPosition first = grow(*store_, 2'000, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published(first);
  const GlobalPosition head = grow(*store_, 3'000, random_);  // Live now.
  relay.until_published(head);
  relay.until([&](const RelayStatus& s) { return up_to_date(s, head, 1) && s.lag() == 0; });
  std::this_thread::sleep_for(3 * options_.watermark_every);
  EXPECT_EQ(relay.status().producers, 1U);
  ASSERT_TRUE(relay.stop());

  const auto records = read_topic(options_.brokers, options_.topic);
  ASSERT_EQ(records.size(), 5U);
  const TopicCheck check = check_topic(records);
  EXPECT_EQ(check.missing(head.value), 0U);
  EXPECT_EQ(check.repeated, 0U);
  EXPECT_EQ(check.events.size(), head.value);
  for (const std::uint64_t last : check.last) EXPECT_EQ(last, head.value) << "idle ones too";
  for (const auto& partition : records) {
    std::uint64_t last = 0;
    for (const auto& record : partition) {
      ASSERT_EQ(record.number("annals-prev"), last) << "a smaller one would hide a gap";
      last = record.number("annals-position");
    }
  }
  const auto events = read_all(*store_, {});
  ASSERT_TRUE(events);
  for (const RecordedEvent& event : *events) {
    const auto& record = *check.events.at(event.position.value - 1);
    EXPECT_EQ(record.key, event.stream);
    EXPECT_EQ(record.value, event.data);
    EXPECT_EQ(record.header("ce_id"), to_string(event.id));
    const auto append = store_->append_holding(event.position);
    const bool is_last = append->last() == event.position;
    ASSERT_EQ(record.headers.contains("annals-link"), is_last) << event.position.value;
    if (is_last) {
      EXPECT_EQ(record.header("annals-link"), to_string(append->link));
    }
  }
}

TEST_F(RelayToKafka, AfterACleanStopTheNextOneRepeatsNothing) {
  expect_three_publish_all_once([] {});
}

TEST_F(RelayToKafka, WhatAnAbortedTransactionLeftAtTheEndIsPassedOver) {
  expect_three_publish_all_once(
      [this] { kafka_test::abort_records(options_.brokers, options_.topic, 5, 30); });
}

TEST_F(RelayToKafka, DataWithoutBytesIsNoMissingValue) {
  NewEvent event = testkit::event_on("a-1");
  event.content_type = ContentType::binary;
  event.data.clear();
  ASSERT_TRUE(store_->append(testkit::append_of({event})));
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published({1});
  ASSERT_TRUE(relay.stop());
  const auto records = read_topic(options_.brokers, options_.topic);
  const TopicCheck check = check_topic(records);
  ASSERT_EQ(check.events.size(), 1U);
  EXPECT_EQ(check.events[0]->value, "");
}

TEST_F(RelayToKafka, ASecondOneStandsByAndTakesOver) {
  GlobalPosition head = grow(*store_, 300, random_);
  RunningRelay one(*store_, *checkpoints_, options_);
  one.until_published(head);
  RunningRelay two(*store_, *checkpoints_, options_);
  two.until([](const RelayStatus& s) { return s.role == RelayStatus::Role::standby; });
  EXPECT_EQ(two.status().holder, one.status().holder);
  RelayOptions other = options_;
  other.partitions = 6;
  EXPECT_NE(refusal(*store_, other).message.find("in 5 partitions, and 6 were asked for"),
            std::string::npos)
      << "one that could never take over does not stand by";
  ASSERT_TRUE(one.stop());
  two.until([](const RelayStatus& s) { return s.role == RelayStatus::Role::leader; });
  EXPECT_EQ(two.status().epoch, 2U);
  head = grow(*store_, 600, random_);
  two.until_published(head);
  ASSERT_TRUE(two.stop());
  const auto records = read_topic(options_.brokers, options_.topic);
  const TopicCheck check = check_topic(records);
  EXPECT_EQ(check.missing(head.value), 0U);
  EXPECT_EQ(check.repeated, 0U);
}

TEST_F(RelayToKafka, WhatWouldBreakTheTopicIsRefused) {
  ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on("a-1")})));
  {
    RunningRelay relay(*store_, *checkpoints_, options_);
    relay.until_published({1});
    ASSERT_TRUE(relay.stop());
  }
  RelayOptions other = options_;
  other.partitions = 6;
  const Error count = refusal(*store_, other);
  EXPECT_EQ(count.code, ErrorCode::invalid_argument);
  EXPECT_NE(count.message.find("5 partitions, and 6 were asked for"), std::string::npos)
      << count.message;

  const auto stranger = make_memory_event_store();
  const Error store = refusal(*stranger, options_);
  EXPECT_NE(store.message.find("holds the events of store"), std::string::npos) << store.message;

  const testkit::TemporaryFolder empty;
  const auto kept = std::exchange(checkpoints_, *open_relay_checkpoint_folder(empty.path()));
  const Error filled = refusal(*store_, options_);
  EXPECT_NE(filled.message.find("holds records of this store already"), std::string::npos)
      << filled.message;
  ASSERT_TRUE(stranger->append(testkit::append_of({testkit::event_on("a-1")})));
  for (const bool asked : {false, true}) {
    const testkit::TemporaryFolder place;
    checkpoints_ = *open_relay_checkpoint_folder(place.path());
    options_.into_filled_topic = asked;
    const Error others = refusal(*stranger, options_);
    EXPECT_EQ(others.code, ErrorCode::invalid_argument);
    EXPECT_NE(others.message.find("The topic is another store's"), std::string::npos)
        << others.message;
    checkpoints_ = *open_relay_checkpoint_folder(empty.path());
  }
  RunningRelay again(*store_, *checkpoints_, options_);
  again.until_published({1});
  ASSERT_TRUE(again.stop());
  const auto records = read_topic(options_.brokers, options_.topic);
  EXPECT_EQ(check_topic(records).missing(1), 0U);
}

TEST_F(RelayToKafka, AChangedTopicIsRefused) {
  ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on("a-1")})));
  {
    RunningRelay relay(*store_, *checkpoints_, options_);
    relay.until_published({1});
    ASSERT_TRUE(relay.stop());
  }
  const auto changed = [&](const std::function<void(RelayRecord&)>& change) {
    RelayRecord record = **checkpoints_->load(options_.topic);
    const RelayRecord before = record;
    change(record);
    ++record.revision;
    EXPECT_TRUE(*checkpoints_->replace(record));
    const Error error = refusal(*store_, options_);
    RelayRecord back = before;
    back.revision = (*checkpoints_->load(options_.topic))->revision + 1;
    EXPECT_TRUE(*checkpoints_->replace(back));
    return error.message;
  };
  EXPECT_NE(changed([](RelayRecord& r) {
              r.last_positions.pop_back();
              r.last_offsets.pop_back();
            }).find("it had 4 partitions and has 5 partitions now"),
            std::string::npos);
  EXPECT_NE(changed([](RelayRecord& r) { r.cluster = "elsewhere"; }).find("cluster elsewhere"),
            std::string::npos);
  EXPECT_NE(changed([](RelayRecord& r) { r.partitioner = "crc32"; }).find("'crc32'"),
            std::string::npos);
  RelayOptions another = options_;
  another.topic = kafka_test::new_topic_name();
  kafka_test::make_topic(another.brokers, another.topic, 5);
  RelayRecord record = **checkpoints_->load(options_.topic);
  record.topic = another.topic;
  record.revision = 1;
  ASSERT_TRUE(*checkpoints_->replace(record));
  const Error emptied = refusal(*store_, another);
  EXPECT_NE(emptied.message.find("the topic was made anew"), std::string::npos) << emptied.message;
}

TEST_F(RelayToKafka, ATopicThatIsMadeAnewMeanwhileHaltsIt) {
  const GlobalPosition head = grow(*store_, 300, random_);
  {
    RunningRelay relay(*store_, *checkpoints_, options_);
    relay.until_published(head);
    kafka_test::delete_topic(options_.brokers, options_.topic);
    kafka_test::make_topic(options_.brokers, options_.topic, 5);
    grow(*store_, 400, random_);
    const auto ended = relay.wait();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(ended.error().message.find("the topic was made anew"), std::string::npos)
        << ended.error().message;
  }
  EXPECT_EQ((*checkpoints_->load(options_.topic))->checkpoint.token.position, head)
      << "what lies behind a gap is not published";
  const Error again = refusal(*store_, options_);
  EXPECT_NE(again.message.find("the topic was made anew"), std::string::npos) << again.message;
}

TEST_F(RelayToKafka, ATopicThatWasMadeAnewAndFilledBeyondIsRefused) {
  const GlobalPosition head = grow(*store_, 300, random_);
  {
    RunningRelay relay(*store_, *checkpoints_, options_);
    relay.until_published(head);
    ASSERT_TRUE(relay.stop());
  }
  const std::string kept = kafka_test::new_topic_name();
  kafka_test::copy_topic(options_.brokers, options_.topic, kept,
                         [](std::size_t, const auto&) { return true; });
  kafka_test::delete_topic(options_.brokers, options_.topic);
  // All of it is the log's, and reaches further than it did.
  for (const std::int64_t from : {1, 0}) {
    kafka_test::copy_topic(
        options_.brokers, kept, options_.topic,
        [from](std::size_t, const auto& record) { return record.offset >= from; });
  }
  const Error refused = refusal(*store_, options_);
  EXPECT_EQ(refused.code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.message.find("the topic was made anew"), std::string::npos) << refused.message;
}

TEST_F(RelayToKafka, AnEventLargerThanARecordMayBeIsNamedAndNothingFollowsItInItsPartition) {
  NewEvent large = testkit::event_on("big-1", "happened", '"' + std::string(300'000, 'x') + '"');
  ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on("a-1")})));
  ASSERT_TRUE(store_->append(testkit::append_of({large})));
  ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on("a-1")})));
  const auto expect_named = [](const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_EQ(error.position, GlobalPosition{2});
    for (const char* word : {"event big-1 version 0 at position 2", "300002 bytes",
                             "record_bytes_max", "max.message.bytes"}) {
      EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
    }
  };
  options_.record_bytes_max = 200'000;
  expect_named(refusal(*store_, options_));
  EXPECT_EQ((*checkpoints_->load(options_.topic))->checkpoint.token.position, GlobalPosition{1})
      << "what comes before it is published";

  RelayOptions brokers_say = options_;
  brokers_say.topic = kafka_test::new_topic_name();
  brokers_say.record_bytes_max = 1'000'000;
  brokers_say.topic_settings = {{"max.message.bytes", "200000"}};
  brokers_say.settings = {{"batch.size", "100000"}};
  expect_named(refusal(*store_, brokers_say));
  EXPECT_NE((*checkpoints_->load(brokers_say.topic))->failure.find("big-1"), std::string::npos);

  const auto records = read_topic(options_.brokers, brokers_say.topic);
  check_topic(records);
  for (const auto& record : records.at(partition_of("big-1", 5))) {
    EXPECT_LT(record.number("annals-position"), 2U);
  }
  // Once the limit is raised, it goes on.
  options_.record_bytes_max = 1'000'000;
  options_.settings = {{"batch.size", "200000"}};
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published({3});
  ASSERT_TRUE(relay.stop());
  const auto whole = read_topic(options_.brokers, options_.topic);
  EXPECT_EQ(check_topic(whole).missing(3), 0U);
}

// Five requests are under way at once. A broker takes the first that it sees of a producer in a
// partition whatever its sequence number, and later ones only if nothing is missing before them.
TEST_F(RelayToKafka, NothingFollowsARefusedRequestBeItTheFirstInItsPartitionOrNot) {
  int too_early = 0;  // Rounds in which the broker had not taken the new limit yet.
  for (const std::uint64_t before : {0, 0, 0, 3, 3, 3}) {
    SCOPED_TRACE(before);
    auto store = make_memory_event_store();
    options_.topic = kafka_test::new_topic_name();
    options_.partitions = 1;
    options_.topic_settings = {{"max.message.bytes", "1000000"}};
    // Batches of three: what comes behind the large one, the topic would take.
    options_.settings = {{"batch.size", "20000"}, {"batch.num.messages", "3"}, {"linger.ms", "0"}};
    RunningRelay relay(*store, *checkpoints_, options_);
    for (std::uint64_t i = 0; i < before; ++i) {
      ASSERT_TRUE(store->append(testkit::append_of({testkit::event_on("a-1")})));
    }
    ASSERT_TRUE(relay.until([&](const RelayStatus& status) {
      return status.following && status.position.value == before;
    }));
    kafka_test::set_topic_setting(options_.brokers, options_.topic, "max.message.bytes", "8000");
    // Fits a batch, but not the topic any more.
    std::vector<NewEvent> events = {
        testkit::event_on("a-1", "happened", '"' + std::string(10'000, 'x') + '"')};
    for (int i = 0; i < 2'000; ++i) events.push_back(testkit::event_on("a-1"));
    ASSERT_TRUE(store->append(testkit::append_of(events)));
    ASSERT_TRUE(relay.until([&](const RelayStatus& status) {
      return status.role == RelayStatus::Role::idle || status.position.value == before + 2'001;
    }));
    const auto ended = relay.stop();
    if (ended) {
      ++too_early;
      continue;
    }
    EXPECT_EQ(ended.error().code, ErrorCode::invalid_argument) << ended.error().message;
    EXPECT_NE(ended.error().message.find("max.message.bytes"), std::string::npos)
        << ended.error().message;
    const auto refused = read_topic(options_.brokers, options_.topic);
    EXPECT_EQ(check_topic(refused).missing(before), 0U);
    for (const auto& record : refused.at(0)) {
      EXPECT_LE(record.number("annals-position"), before);
    }

    kafka_test::set_topic_setting(options_.brokers, options_.topic, "max.message.bytes", "1000000");
    RunningRelay again(*store, *checkpoints_, options_);
    again.until_published({before + 2'001});
    ASSERT_TRUE(again.stop());
    const TopicCheck check = check_topic(read_topic(options_.brokers, options_.topic));
    EXPECT_EQ(check.missing(before + 2'001), 0U);
    EXPECT_EQ(check.repeated, 0U);
  }
  EXPECT_LT(too_early, 6) << "nothing was tried";
}

TEST_F(RelayToKafka, ATopicThatKeepsOnlyTheLastRecordOfAStreamIsRefusedWhoeverMakesIt) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  const Error asked_for = refusal(*store_, options_);
  EXPECT_EQ(asked_for.code, ErrorCode::invalid_argument);
  options_.topic_settings.clear();
  options_.make_topic = false;
  kafka_test::make_topic(options_.brokers, options_.topic, 5,
                         {{"cleanup.policy", "compact,delete"}});
  const Error found = refusal(*store_, options_);
  EXPECT_EQ(found.code, ErrorCode::invalid_argument);
  for (const Error& error : {asked_for, found}) {
    EXPECT_NE(error.message.find("cleanup.policy is compact"), std::string::npos) << error.message;
  }
}

TEST_F(RelayToKafka, ATopicThatTakesLessThanABatchIsRefusedAtTheStart) {
  options_.make_topic = false;
  kafka_test::make_topic(options_.brokers, options_.topic, 5, {{"max.message.bytes", "100000"}});
  const GlobalPosition head = grow(*store_, 10, random_);
  const Error error = refusal(*store_, options_);
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  for (const char* word : {"max.message.bytes is 100000", "1000000 bytes", "batch.size"}) {
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
  }
  for (const auto& partition : read_topic(options_.brokers, options_.topic)) {
    EXPECT_TRUE(partition.empty());
  }
  options_.settings = {{"batch.size", "100000"}};
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published(head);
  ASSERT_TRUE(relay.stop());
}

TEST_F(RelayToKafka, ATopicThatOthersMakeIsWaitedFor) {
  options_.make_topic = false;
  const GlobalPosition head = grow(*store_, 10, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until([&](const RelayStatus& s) {
    return s.last_error.find("topic " + options_.topic) != std::string::npos;
  });
  kafka_test::make_topic(options_.brokers, options_.topic, 5);
  relay.until_published(head);
  ASSERT_TRUE(relay.stop());
  const auto records = read_topic(options_.brokers, options_.topic);
  EXPECT_EQ(check_topic(records).missing(head.value), 0U);
}

TEST_F(RelayToKafka, ATopicThatOthersMakeIsNotMadeByAskingForIt) {
  std::string why;
  const auto own =
      kafka_test::OwnBrokers::start(1, why, kafka_test::OwnBrokers::Kind::making_topics);
  if (!own) GTEST_SKIP() << "SKIPPED: " << why;
  options_.brokers = own->addresses();
  options_.partitions = 0;
  options_.make_topic = false;
  const GlobalPosition head = grow(*store_, 10, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until([](const RelayStatus& s) {
    return s.following || s.last_error.find("UNKNOWN_TOPIC_OR_PART") != std::string::npos;
  });
  EXPECT_FALSE(relay.status().following);
  kafka_test::make_topic(options_.brokers, options_.topic, 5);  // Fails if it is there.
  relay.until_published(head);
  ASSERT_TRUE(relay.stop());
}

TEST_F(RelayToKafka, ABrokerThatIsKilledMeanwhileCostsNothing) {
  std::string why;
  const auto own = kafka_test::OwnBrokers::start(1, why);
  if (!own) GTEST_SKIP() << "SKIPPED: " << why;
  options_.brokers = own->addresses();
  options_.buffer_bytes_max = 256 * 1024;
  GlobalPosition head = grow(*store_, 500, random_);
  RunningRelay relay(*store_, *checkpoints_, options_);
  relay.until_published({100});
  head = grow(*store_, 3'000, random_);
  ASSERT_TRUE(own->kill(1));
  head = grow(*store_, 4'000, random_);
  relay.until_published(head);
  ASSERT_TRUE(relay.stop());
  const auto records = read_topic(options_.brokers, options_.topic);
  const TopicCheck check = check_topic(records);
  EXPECT_EQ(check.missing(head.value), 0U);
}

}  // namespace
}  // namespace annals::relay_test
