// What can be refused before anybody waits for a broker.

#include <gtest/gtest.h>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/relay.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

class RelaySettings : public testing::Test {
 protected:
  // What making such a relay says; empty if it is made.
  std::string refusal(const std::function<void(RelayOptions&)>& change) {
    RelayOptions options{.brokers = "127.0.0.1:1", .topic = "ledger"};
    change(options);
    auto relay = make_relay(*store_, *checkpoints_, options);
    if (relay) return "";
    EXPECT_EQ(relay.error().code, ErrorCode::invalid_argument);
    return relay.error().message;
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
};

TEST_F(RelaySettings, ThoseOfLibrdkafkaArePassedOn) {
  EXPECT_EQ(refusal([](RelayOptions& o) {
              o.settings = {{"linger.ms", "20"}, {"ssl.ca.location", "/etc/ssl/ca.pem"}};
            }),
            "");
  EXPECT_EQ(refusal([](RelayOptions& o) { o.compression = "zstd"; }), "");
}

TEST_F(RelaySettings, AnUnknownOneIsNamed) {
  EXPECT_EQ(refusal([](RelayOptions& o) {
              o.settings = {{"linger.msec", "20"}};
            }),
            "Kafka setting 'linger.msec': librdkafka knows no setting of this name");
  const std::string value = refusal([](RelayOptions& o) { o.settings = {{"linger.ms", "-3"}}; });
  EXPECT_NE(value.find("Kafka setting 'linger.ms': "), std::string::npos) << value;
  const std::string compression = refusal([](RelayOptions& o) { o.compression = "brotli"; });
  EXPECT_NE(compression.find("compression.type"), std::string::npos) << compression;
}

TEST_F(RelaySettings, ThoseThatItsPromisesRestOnAreItsOwn) {
  for (const char* name :
       {"enable.idempotence", "acks", "request.required.acks", "message.timeout.ms",
        "delivery.timeout.ms", "enable.gapless.guarantee", "partitioner", "transactional.id",
        "bootstrap.servers", "max.in.flight", "max.in.flight.requests.per.connection",
        "message.max.bytes", "compression.type"}) {
    const std::string said = refusal([&](RelayOptions& o) { o.settings = {{name, "1"}}; });
    EXPECT_NE(said.find(name), std::string::npos) << said;
    EXPECT_NE(said.find("the relay sets it itself"), std::string::npos) << said;
  }
}

TEST_F(RelaySettings, BrokersAndATopicAreNeeded) {
  EXPECT_NE(refusal([](RelayOptions& o) { o.brokers.clear(); }).find("brokers"), std::string::npos);
  for (const char* name : {"", ".", "..", "a b", "a/b", "ä"}) {
    EXPECT_NE(refusal([&](RelayOptions& o) { o.topic = name; }).find("topic"), std::string::npos)
        << name;
  }
}

}  // namespace
}  // namespace annals
