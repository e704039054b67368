// The brokers that the other tests rely on are real ones, and can be killed.

#include "kafka/brokers.hpp"

#include <gtest/gtest.h>

#include "kafka/topic.hpp"

namespace annals::kafka_test {

TEST(KafkaBrokers, WhatIsProducedIsReadBack) {
  ANNALS_NEEDS_KAFKA();
  const std::string topic = new_topic_name();
  make_topic(*brokers(), topic, 3);
  produce(*brokers(), topic, "key", "value");
  std::size_t count = 0;
  for (const auto& partition : read_topic(*brokers(), topic)) {
    for (const TopicRecord& record : partition) {
      ++count;
      EXPECT_EQ(record.key, "key");
      EXPECT_EQ(record.value, "value");
    }
  }
  EXPECT_EQ(count, 1U);
}

TEST(KafkaBrokers, ABrokerThatIsKilledComesBackWithItsRecords) {
  ANNALS_NEEDS_KAFKA();
  std::string why;
  const auto own = OwnBrokers::start(1, why);
  if (!own) GTEST_SKIP() << "SKIPPED: " << why;
  make_topic(own->addresses(), "kept", 1);
  produce(own->addresses(), "kept", "a", "1");
  ASSERT_TRUE(own->kill(1));
  produce(own->addresses(), "kept", "b", "2");
  const auto records = read_topic(own->addresses(), "kept");
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].size(), 2U);
  EXPECT_EQ(records[0][0].key, "a");
  EXPECT_EQ(records[0][1].key, "b");
}

TEST(KafkaBrokers, OfThreeAnyOneMayEndTheControllerToo) {
  ANNALS_NEEDS_KAFKA();
  std::string why;
  const auto own = OwnBrokers::start(3, why);
  if (!own) GTEST_SKIP() << "SKIPPED: " << why;
  make_topic(own->addresses(), "kept", 2);
  until_in_sync(own->addresses(), "kept", 3);
  const int controller = own->controller();
  ASSERT_GT(controller, 0);
  produce(own->addresses(), "kept", "a", "1");
  ASSERT_TRUE(own->kill(controller));
  produce(own->addresses(), "kept", "a", "2");
  until_in_sync(own->addresses(), "kept", 3);
  ASSERT_TRUE(own->stop(controller % 3 + 1));
  produce(own->addresses(), "kept", "a", "3");
  std::string values;
  for (const auto& partition : read_topic(own->addresses(), "kept")) {
    for (const TopicRecord& record : partition) values += record.value.value_or("none");
  }
  EXPECT_EQ(values, "123");
}

}  // namespace annals::kafka_test
