// What a consumer cannot trust it refuses, says why, and loses nothing.

#include "kafka/topic.hpp"
#include "published.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

class TopicRefusals : public PublishedWarehouse {
 protected:
  void SetUp() override {
    PublishedWarehouse::SetUp();
    relay_options().partitions = 3;
  }
  /// How far a subscription comes, and why it does not go on.
  struct Ended {
    Batch last;
    std::optional<Error> why;
  };
  static Ended follow(const EventSource& source, SubscriptionOptions options,
                      GlobalPosition until = {~std::uint64_t{0}}) {
    Ended ended;
    auto subscription = source.subscribe(std::move(options));
    if (!subscription) return {{}, subscription.error()};
    const auto longest = std::chrono::steady_clock::now() + patience;
    while (ended.last.complete_up_to < until) {
      auto batch = (*subscription)->next(milliseconds(200));
      if (!batch) {
        if (batch.error().code != ErrorCode::unavailable) return {ended.last, batch.error()};
      } else if (batch->complete_up_to > ended.last.complete_up_to) {
        ended.last = *std::move(batch);
      }
      if (std::chrono::steady_clock::now() < longest) continue;
      ADD_FAILURE() << "neither refused nor at the end";
      break;
    }
    return ended;
  }
  static SubscriptionOptions behind(const Batch& batch) {
    return {.after = batch.checkpoint(), .cursor = batch.cursor};
  }
  static void expect_refused(const Ended& ended, ErrorCode code, const std::string& words) {
    ASSERT_TRUE(ended.why);
    EXPECT_EQ(ended.why->code, code) << ended.why->message;
    EXPECT_NE(ended.why->message.find(words), std::string::npos) << ended.why->message;
  }
};

TEST_F(TopicRefusals, AnotherStoresRecordsAndCheckpoints) {
  const GlobalPosition head = grow(200);
  publish();
  const auto from_kafka = source();
  const Ended read = follow(*from_kafka, {}, head);
  ASSERT_FALSE(read.why);
  const auto stranger = make_memory_event_store();
  const GlobalPosition strange_head = work(*stranger, 300, random());
  Checkpoint strange{stranger->token(), stranger->head().link};
  const auto resumed = from_kafka->resume(strange);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(resumed.error().message.find(to_string(stranger->token().store)), std::string::npos);

  // And records of one that has a topic of its own, put into this one.
  const testkit::TemporaryFolder folder;
  const auto checkpoints = *open_relay_checkpoint_folder(folder.path());
  RelayOptions options = relay_options();
  options.topic = kafka_test::new_topic_name();
  relay_test::RunningRelay relay(*stranger, *checkpoints, options);
  relay.until_published(strange_head);
  ASSERT_TRUE(relay.stop());
  kafka_test::copy_topic(options.brokers, options.topic, topic(),
                         [](std::size_t, const auto&) { return true; });
  expect_refused(follow(*from_kafka, behind(read.last)), ErrorCode::invalid_argument,
                 "is of store " + to_string(stranger->token().store) + ", not of " +
                     to_string(store().token().store));
}

TEST_F(TopicRefusals, AChangedNumberOfPartitionsNowAndAfterARestart) {
  const GlobalPosition head = grow(200);
  publish();
  const auto from_kafka = source();
  const Ended read = follow(*from_kafka, {}, head);
  ASSERT_FALSE(read.why);
  kafka_test::add_partitions(relay_options().brokers, topic(), 4);
  expect_refused(follow(*from_kafka, behind(read.last)), ErrorCode::invalid_argument,
                 "has 4 partitions, and had 3");
  const auto anew = source();
  expect_refused(follow(*anew, behind(read.last)), ErrorCode::invalid_argument,
                 "has 4 partitions, and had 3");
}

TEST_F(TopicRefusals, AGapAndEverythingBeforeItIsDelivered) {
  const GlobalPosition head = grow(400);
  publish();
  const auto records = kafka_test::read_topic(relay_options().brokers, topic());
  // The middle one of partition 1 is missing.
  const auto& lane = records.at(1);
  const std::uint64_t missing = lane.at(lane.size() / 2).number("annals-position");
  const std::uint64_t next = lane.at(lane.size() / 2 + 1).number("annals-position");
  const std::string with_gap = kafka_test::new_topic_name();
  kafka_test::copy_topic(relay_options().brokers, topic(), with_gap,
                         [&](std::size_t partition, const auto& record) {
                           return partition != 1 || record.number("annals-position") != missing;
                         });
  KafkaSourceOptions options = source_options();
  options.topic = with_gap;
  const auto from_kafka = source(options);
  const Ended ended = follow(*from_kafka, {}, head);
  expect_refused(ended, ErrorCode::corrupt,
                 "partition 1: a gap: position " + std::to_string(next) + " follows " +
                     std::to_string(missing));
  const auto append = *store().append_holding({missing});
  EXPECT_EQ(ended.last.complete_up_to.value, append.first.value - 1)
      << "up to the append that is not whole";

  // A runner halts there, and says so to all.
  const auto rows = open_rows();
  ProjectionRunner runner(*from_kafka, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  const auto halted = runner.wait("stock", head, patience);
  ASSERT_FALSE(halted);
  EXPECT_NE(halted.error().message.find("a gap: position"), std::string::npos);
  EXPECT_EQ(record_of(*rows, "stock").position().value, append.first.value - 1);
}

TEST_F(TopicRefusals, RecordsThatRetentionRemovedBeforeTheyWereRead) {
  const GlobalPosition head = grow(300);
  publish();
  const Ended read = follow(*source(), {}, head);
  ASSERT_FALSE(read.why);
  grow(600);
  publish();
  const auto records = kafka_test::read_topic(relay_options().brokers, topic());
  for (std::size_t partition = 0; partition < records.size(); ++partition) {
    kafka_test::delete_records(relay_options().brokers, topic(), static_cast<int>(partition),
                               records[partition].back().offset);
  }
  const auto from_kafka = source();
  expect_refused(follow(*from_kafka, behind(read.last)), ErrorCode::corrupt,
                 "were removed by the topic's retention before they were read");
  expect_refused(follow(*from_kafka, {}), ErrorCode::corrupt,
                 "were removed by the topic's retention before they were read");
  // Whoever has read what was removed goes on.
  const Checkpoint there{store().token(), store().head().link};
  const GlobalPosition later = grow(700);
  publish();
  const Ended gone_on = follow(*from_kafka, {.after = there}, later);
  EXPECT_FALSE(gone_on.why) << to_string(*gone_on.why);
}

TEST_F(TopicRefusals, ATopicThatWasMadeAnewUnlessItIsToBe) {
  GlobalPosition head = grow(300);
  publish();
  const Ended read = follow(*source(), {}, head);
  ASSERT_FALSE(read.why);
  kafka_test::delete_topic(relay_options().brokers, topic());
  kafka_test::make_topic(relay_options().brokers, topic(), 3);
  head = grow(310);
  publish_again();
  // As many records lie there as before, or more: in other places.
  const Ended refused = follow(*source(), behind(read.last), head);
  if (refused.why) {
    expect_refused(refused, ErrorCode::invalid_argument, "the topic was made anew");
  } else {
    // Watermarks fell where they had fallen before: then nothing is amiss.
    EXPECT_EQ(refused.last.complete_up_to, head);
  }
  Batch elsewhere = read.last;
  elsewhere.cursor = "annals-kafka 1 - " + topic() + " 3 0@1000000:1 1@1:1 2@1:1";
  expect_refused(follow(*source(), behind(elsewhere)), ErrorCode::invalid_argument,
                 "partition 0: it was read up to offset 1000000, and ends at ");
  elsewhere.cursor = "annals-kafka 1 - " + topic() + " 3 0@2:99999 1@2:99999 2@2:99999";
  expect_refused(follow(*source(), behind(elsewhere)), ErrorCode::invalid_argument,
                 "and did hold 99999: the topic was made anew");
  elsewhere.cursor = "annals-kafka 1 - another 3 0@1:1 1@1:1 2@1:1";
  expect_refused(follow(*source(), behind(elsewhere)), ErrorCode::invalid_argument,
                 "it was read from topic another, and this is topic " + topic());
  KafkaSourceOptions options = source_options();
  options.from_another_topic = true;
  const Ended gone_on = follow(*source(options), behind(elsewhere), head);
  EXPECT_FALSE(gone_on.why);
  EXPECT_EQ(gone_on.last.complete_up_to, head);
}

TEST_F(TopicRefusals, RecordsOfOthers) {
  kafka_test::make_topic(relay_options().brokers, topic(), 3);
  kafka_test::produce(relay_options().brokers, topic(), "key", "a stranger's");
  expect_refused(follow(*source(), {}), ErrorCode::corrupt, "a record is no relay's");
}

// What lies last in each partition then is no record at all.
TEST_F(TopicRefusals, NoTransactionsOfOthersThatCameToNothing) {
  const GlobalPosition head = grow(200);
  publish();
  for (int i = 0; i < 3; ++i) kafka_test::abort_records(relay_options().brokers, topic(), 3, 10);
  const auto from_kafka = source();
  const Ended ended = follow(*from_kafka, {}, head);
  EXPECT_FALSE(ended.why) << to_string(*ended.why);
  EXPECT_EQ(ended.last.complete_up_to, head);
  EXPECT_EQ(from_kafka->head().position, head);
}

TEST_F(TopicRefusals, OptionsThatMakeNoSense) {
  const auto why = [&](const auto& change) {
    KafkaSourceOptions options = source_options();
    change(options);
    const auto made = make_kafka_source(options);
    EXPECT_FALSE(made);
    if (made) return std::string();
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
    return made.error().message;
  };
  EXPECT_NE(why([](auto& o) { o.brokers.clear(); }).find("brokers"), std::string::npos);
  EXPECT_NE(why([](auto& o) { o.topic = "a/b"; }).find("'a/b'"), std::string::npos);
  EXPECT_NE(why([](auto& o) {
              o.settings = {{"no.such", "1"}};
            }).find("'no.such'"),
            std::string::npos);
  for (const char* own : {"group.id", "enable.auto.commit", "auto.offset.reset"}) {
    EXPECT_NE(why([&](auto& o) {
                o.settings = {{own, "true"}};
              }).find("the consumer sets it"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace annals::warehouse
