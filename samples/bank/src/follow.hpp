/// @file
/// `bank follow`: keeps the read models up to date from a Kafka topic, in as many processes as one
/// likes.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "session.hpp"

namespace bank {

struct FollowRequest {
  std::string brokers;  ///< "one.example:9092,two.example:9092"
  std::string topic;
  /// Each read model but the day's totals is split into so many parts, which processes share.
  std::uint32_t partitions = 4;
  std::vector<std::pair<std::string, std::string>> settings = {};  ///< Of librdkafka.
  std::chrono::milliseconds status_every = std::chrono::seconds(1);
};

/// Projects what a relay has published, until SIGINT or SIGTERM, and prints a line of status now
/// and then. No event store is opened: what is projected came through the topic.
int follow(const Session& session, const FollowRequest& request);

}  // namespace bank
