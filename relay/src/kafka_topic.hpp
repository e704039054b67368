#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kafka_producer.hpp"

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
Result<bool> make_topic(KafkaProducer& producer, const std::string& topic, const TopicShape& shape);

/// How many partitions the topic has. Errors: unavailable (also: there is no such topic).
Result<std::uint32_t> count_partitions(KafkaProducer& producer, const std::string& topic);

/// A setting of the topic as the brokers have it, such as max.message.bytes. Nothing: they do not
/// say, because we have no right to ask (DescribeConfigs), or they know none of that name.
///
/// Errors: unavailable.
Result<std::optional<std::string>> topic_setting(KafkaProducer& producer, const std::string& topic,
                                                 const std::string& name);

/// Where the next record of a partition would go: 0 if none was ever written. Errors: unavailable.
Result<std::int64_t> end_of_partition(KafkaProducer& producer, const std::string& topic,
                                      std::uint32_t partition);

/// The id of the cluster; empty from brokers that have none. Errors: unavailable.
Result<std::string> cluster_id(KafkaProducer& producer);

}  // namespace annals::internal
