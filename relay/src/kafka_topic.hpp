#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kafka_client.hpp"

namespace annals::internal {

using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDestroyer<rd_kafka_topic_destroy>>;

/// What a topic is made as.
struct TopicShape {
  std::uint32_t partitions = 0;   ///< 0: the broker's default.
  std::uint32_t replication = 0;  ///< Likewise.
  KafkaSettings settings = {};
};

/// Makes the topic unless it is there, or may not be made by us: then asking for it says so. True:
/// it is new.
///
/// Errors: unavailable, invalid_argument (the broker refuses the shape).
Result<bool> make_topic(const KafkaClient& client, const std::string& topic,
                        const TopicShape& shape);

/// How many partitions the topic has. Errors: unavailable (also: there is no such topic).
Result<std::uint32_t> count_partitions(const KafkaClient& client, const std::string& topic);

/// A setting of the topic as the brokers have it, such as max.message.bytes. Nothing: they do not
/// say, because we have no right to ask (DescribeConfigs), or they know none of that name.
///
/// Errors: unavailable.
Result<std::optional<std::string>> topic_setting(const KafkaClient& client,
                                                 const std::string& topic, const std::string& name);

/// What a partition holds.
struct OffsetRange {
  std::int64_t begin = 0;  ///< Of the first record; retention moves it.
  std::int64_t end = 0;    ///< Where the next record would go: 0 if none was ever written.
};
/// Errors: unavailable.
Result<OffsetRange> offsets_of_partition(const KafkaClient& client, const std::string& topic,
                                         std::uint32_t partition);

/// The id of the cluster; empty from brokers that have none. Errors: unavailable.
Result<std::string> cluster_id(const KafkaClient& client);

}  // namespace annals::internal
