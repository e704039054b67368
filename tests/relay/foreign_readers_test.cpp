// Programs of others read the topic: the CloudEvents SDK for JavaScript, and Kafka's own console
// consumer. They see what the log says.

#include <cstdlib>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "cli/program.hpp"
#include "kafka/brokers.hpp"
#include "running_relay.hpp"

namespace annals::relay_test {
namespace {

using nlohmann::json;

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      three <<= 8U;
      if (at + i < bytes.size()) three |= static_cast<unsigned char>(bytes[at + i]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const bool there = at + i < bytes.size() + 1;
      text += there ? letters[three >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return text;
}

/// A topic with events that have all that an event can have, and some that have nothing.
class ForeignReaders : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    NewEvent full = testkit::event_on("account-Zürich 1", "money_deposited",
                                      R"({ "amount" : "12.50 EUR","note":"ä\u0000" })");
    full.schema_version = 3;
    full.metadata = R"({"from":"import","list":[1,2]})";
    full.tags = {"customer:7", "branch:north"};
    full.correlation_id = "order-17";
    full.causation_id = "command-4";
    full.actor = "ann@example.org";
    full.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    full.known_at = parse_timestamp("2024-02-29T12:34:56.000001Z");
    full.effective_at = parse_timestamp("1999-12-31T23:59:59.999999Z");
    NewEvent binary = testkit::event_on("blob-1", "stored");
    binary.content_type = ContentType::binary;
    binary.data = std::string("\x00\xff\x80 bytes\n", 10);
    ASSERT_TRUE(store_->append(testkit::append_of({full, testkit::event_on("account-2")})));
    ASSERT_TRUE(store_->append(testkit::append_of({binary})));
    for (int i = 0; i < 20; ++i) {
      const std::string stream = "account-" + std::to_string(i);
      ASSERT_TRUE(store_->append(testkit::append_of({testkit::event_on(stream)})));
    }
    RunningRelay relay(*store_, *checkpoints_,
                       {.brokers = *kafka_test::brokers(), .topic = topic_, .partitions = 3});
    relay.until([&](const RelayStatus& status) {
      return status.position == store_->head().position && status.watermarks > 0;
    });
    ASSERT_TRUE(relay.stop());
    auto events = read_all(*store_, {});
    ASSERT_TRUE(events);
    events_ = *std::move(events);
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  std::string topic_ = kafka_test::new_topic_name();
  RecordedEvents events_;
};

using Texts = std::map<std::string, std::string>;

void add(Texts& to, const std::string& name, const std::optional<std::string_view>& value) {
  if (value) to[name] = *value;
}

// A decoder of JavaScript knows times by the millisecond.
std::string to_the_millisecond(Timestamp time) { return to_string(time).substr(0, 23) + "Z"; }

// What the reference page says of an event's headers, but for those of CloudEvents and annals-prev
// and annals-link, which are the partition's and the append's.
Texts other_headers_of(const RecordedEvent& event) {
  Texts texts = {
      {"content-type",
       event.content_type == ContentType::json ? "application/json" : "application/octet-stream"},
      {"annals-position", to_string(event.position)},
      {"annals-stream", std::string(event.stream)},
      {"annals-version", to_string(event.version)},
      {"annals-schema", std::to_string(event.schema_version)}};
  add(texts, "traceparent", event.traceparent);
  add(texts, "annals-actor", event.actor);
  if (!event.metadata.empty()) texts["annals-metadata"] = event.metadata;
  for (const std::string_view tag : event.tags) {
    std::string& tags = texts["annals-tags"];
    tags += (tags.empty() ? "" : "\n") + std::string(tag);
  }
  if (event.given.known_at) texts["annals-known-at"] = to_string(event.known_at);
  if (event.given.effective_at) texts["annals-given"] = "effective_at";
  return texts;
}

TEST_F(ForeignReaders, TheCloudEventsSdkDecodesEveryFieldAsTheLogHasIt) {
  const std::string packages = ANNALS_NPM_PACKAGES;
  std::filesystem::create_directories(packages);
  const std::string install =
      "flock '" + packages + "/lock' npm install --silent --no-save --prefix '" + packages +
      "' cloudevents@10 kafkajs@2 > '" + packages + "/log' 2>&1 && node --version > /dev/null";
  if (std::system(install.c_str()) != 0) {
    GTEST_SKIP() << "SKIPPED: needs node, and cloudevents and kafkajs by npm: see " << packages
                 << "/log";
  }
  const test::Ended ended = test::run({"/usr/bin/env", "node", ANNALS_CLOUDEVENTS_READER, packages,
                                       *kafka_test::brokers(), topic_});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  std::map<std::uint64_t, json> by_position;
  std::size_t watermarks = 0;
  for (const std::string& text : test::split_lines(ended.out)) {
    const json line = json::parse(text);
    if (line.contains("refused")) {
      EXPECT_EQ(line["refused"]["type"], "annals.watermark") << "no value: nothing to decode";
      ++watermarks;
    } else {
      by_position[std::stoull(line["others"]["annals-position"].get<std::string>())] = line;
    }
  }
  EXPECT_GT(watermarks, 0U);
  ASSERT_EQ(by_position.size(), events_.size());
  for (const RecordedEvent& event : events_) {
    SCOPED_TRACE(event.position.value);
    const json line = by_position.at(event.position.value);
    EXPECT_EQ(line["key"], event.stream);
    const json& decoded = line["event"];
    Texts wanted = {
        {"specversion", "1.0"},
        {"id", to_string(event.id)},
        {"source", "/annals/" + to_string(store_->token().store)},
        {"type", std::string(event.type)},
        {"subject", std::string(event.stream)},
        {"time", to_the_millisecond(event.effective_at)},
        {"recordedtime", to_string(event.recorded_at)},
        {"datacontenttype",
         event.content_type == ContentType::json ? "application/json" : "application/octet-stream"},
        {"bytes", base64(event.data)}};
    add(wanted, "correlationid", event.correlation_id);
    add(wanted, "causationid", event.causation_id);
    add(wanted, "traceparent", event.traceparent);
    for (const auto& [name, value] : wanted) {
      EXPECT_EQ(decoded.value(name, "missing"), value) << name << " in " << decoded.dump();
    }
    if (event.content_type == ContentType::json) {
      EXPECT_EQ(decoded["parsed"], json::parse(event.data));
    }
    for (const auto& [name, value] : other_headers_of(event)) {
      EXPECT_EQ(line["others"].value(name, "missing"), value) << name;
    }
  }
}

TEST_F(ForeignReaders, TheConsoleConsumerShowsKeysHeadersAndDataAsTheyAre) {
  if (!std::filesystem::exists(kafka_test::jars() + "/complete")) {
    GTEST_SKIP() << "SKIPPED: needs Apache Kafka's jars, which were not fetched because brokers"
                    " were named";
  }
  const test::Ended ended = test::run({"/usr/bin/env",
                                       "java",
                                       "-Xmx128m",
                                       "-XX:TieredStopAtLevel=1",
                                       "-cp",
                                       kafka_test::jars() + "/*",
                                       "org.apache.kafka.tools.consumer.ConsoleConsumer",
                                       "--bootstrap-server",
                                       *kafka_test::brokers(),
                                       "--topic",
                                       topic_,
                                       "--from-beginning",
                                       "--timeout-ms",
                                       "10000",
                                       "--property",
                                       "print.key=true",
                                       "--property",
                                       "print.headers=true",
                                       "--property",
                                       "line.separator=\n==\n"});
  for (const RecordedEvent& event : events_) {
    std::string line = "ce_id:" + to_string(event.id);
    EXPECT_NE(ended.out.find(line), std::string::npos) << ended.out << ended.err;
    line = "\t" + std::string(event.stream) + "\t" + std::string(event.data) + "\n==\n";
    if (event.content_type == ContentType::json) {
      EXPECT_NE(ended.out.find(line), std::string::npos) << ended.out << ended.err;
    }
  }
  EXPECT_NE(ended.out.find("ce_type:annals.watermark"), std::string::npos);
}

}  // namespace
}  // namespace annals::relay_test
