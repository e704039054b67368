// TLS and passwords as librdkafka has them, passed through: and refusals say where to look.

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "history.hpp"
#include "kafka/brokers.hpp"
#include "kafka/topic.hpp"
#include "running_relay.hpp"
#include "topic_check.hpp"

namespace annals::relay_test {
namespace {

using kafka_test::OwnBrokers;

class RelayToSecureKafka : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    std::string why;
    own_ = OwnBrokers::start(1, why, OwnBrokers::Kind::secure);
    if (!own_) GTEST_SKIP() << "SKIPPED: " << why;
    head_ = grow(*store_, 200, random_);
  }
  RelayOptions options(const std::string& mechanism) const {
    return {.brokers = own_->second_addresses(),
            .topic = kafka_test::new_topic_name(),
            .partitions = 3,
            .settings = {{"security.protocol", "SASL_SSL"},
                         {"ssl.ca.location", own_->authority()},
                         {"sasl.mechanism", mechanism},
                         {"sasl.username", OwnBrokers::user},
                         {"sasl.password", OwnBrokers::password}}};
  }
  // Waits until the relay says what is wrong in these words; it goes on trying.
  void expect_complaint(const RelayOptions& options, const std::vector<std::string>& words) {
    RunningRelay relay(*store_, *checkpoints_, options);
    relay.until([&](const RelayStatus& status) {
      for (const std::string& word : words) {
        if (status.last_error.find(word) == std::string::npos) return false;
      }
      return true;
    });
    EXPECT_EQ(relay.status().last_error.find(OwnBrokers::password), std::string::npos);
    EXPECT_EQ(relay.status().events, 0U);
    EXPECT_TRUE(relay.stop());
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  std::mt19937_64 random_{testkit::seed(6003)};
  std::unique_ptr<OwnBrokers> own_;
  GlobalPosition head_;
};

TEST_F(RelayToSecureKafka, PublishesUnderTlsToWhomItsPasswordIsRight) {
  for (const char* mechanism : {"SCRAM-SHA-256", "PLAIN"}) {
    const RelayOptions with = options(mechanism);
    RunningRelay relay(*store_, *checkpoints_, with);
    relay.until_published(head_);
    EXPECT_TRUE(relay.stop());
    const auto records = kafka_test::read_topic(own_->addresses(), with.topic);
    EXPECT_EQ(check_topic(records).missing(head_.value), 0U) << mechanism;
  }
}

TEST_F(RelayToSecureKafka, SaysWhichSettingIsWrong) {
  const auto set = [](RelayOptions options, const std::string& name, const std::string& value) {
    for (auto& [known, old] : options.settings) {
      if (known == name) old = value;
    }
    return options;
  };
  for (const char* mechanism : {"SCRAM-SHA-256", "PLAIN"}) {
    expect_complaint(set(options(mechanism), "sasl.password", "wrong horse"),
                     {"uthentication", "sasl.password"});
  }
  // Nobody whom that machine trusts by itself has signed the broker's certificate.
  RelayOptions stranger = options("PLAIN");
  std::erase_if(stranger.settings, [](const auto& one) { return one.first == "ssl.ca.location"; });
  expect_complaint(stranger, {"certificate verify failed", "ssl.ca.location"});

  const auto missing = make_relay(
      *store_, *checkpoints_, set(options("PLAIN"), "ssl.ca.location", folder_.file("none.pem")));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(missing.error().message.find("ssl.ca.location"), std::string::npos)
      << missing.error().message;
}

}  // namespace
}  // namespace annals::relay_test
