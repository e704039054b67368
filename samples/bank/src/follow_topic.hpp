/// @file
/// Read models fed by a Kafka topic in place of the log.

#pragma once

#include <string>
#include <vector>

#include "session.hpp"

namespace bank {

struct TopicWords {
  std::string brokers;
  std::string topic;
  /// Shares the topic's partitions with the other banks of this name; empty: all of them are read.
  std::string group;
  std::vector<std::string> settings;  ///< librdkafka's, NAME=VALUE each.
  double status_every = 1;            ///< Seconds between two looks at how far it is.
};

/// Keeps the session's read models up to date from the topic that a relay publishes the bank's log
/// to, until SIGINT or SIGTERM; prints how far each partition of each projection is. Needs no log.
/// Ends by itself, with exit_failed, when a projection has halted.
int follow_topic(const Session& session, const TopicWords& words);

}  // namespace bank
