// The hash and the partitions that Kafka's own clients give.

#include <random>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <annals/relay/partitioner.hpp>
#include <annals/testkit/seed.hpp>

namespace annals {

TEST(Partitioner, HashesAsKafkasOwnTestsSay) {
  const auto hash = [](std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); };
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
}

TEST(Partitioner, GivesThePartitionThatLibrdkafkaGives) {
  std::mt19937_64 random(testkit::seed(20261));
  for (int i = 0; i < 20'000; ++i) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random());
    const auto partitions = static_cast<std::int32_t>(1 + random() % 50);
    const std::int32_t theirs = rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(),
                                                                 partitions, nullptr, nullptr);
    ASSERT_EQ(partition_of(key, static_cast<std::uint32_t>(partitions)),
              static_cast<std::uint32_t>(theirs));
  }
}

}  // namespace annals
