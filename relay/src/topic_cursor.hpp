#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/position.hpp>
#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// Which topic a consumer reads.
struct TopicIdentity {
  std::string cluster = {};  ///< Kafka's id of it; empty from brokers that have none.
  std::string topic = {};
  std::uint32_t partitions = 0;
  bool operator==(const TopicIdentity&) const = default;
};

/// Whether what was read of `was` may go on with `is`. Errors: invalid_argument (another cluster,
/// topic or number of partitions).
Result<void> check_same_topic(const TopicIdentity& was, const TopicIdentity& is);

/// Where a consumer's place lies in a topic: what is kept with its checkpoint as the cursor.
struct TopicCursor {
  /// Of one partition.
  struct Place {
    std::int64_t next = 0;  ///< Offset of the first record that is not dealt with.
    /// Position of the record before it: tells whether it is still the same topic. 0: none is, or
    /// it was not seen.
    GlobalPosition before = {};
    bool operator==(const Place&) const = default;
  };

  TopicIdentity of = {};
  std::map<std::uint32_t, Place> places = {};  ///< Of the partitions that are read.
  bool operator==(const TopicCursor&) const = default;
};

/// "annals-kafka 1 CLUSTER TOPIC PARTITIONS 0@12:345 1@9:340"; an empty cluster is "-".
std::string to_text(const TopicCursor& cursor);
/// Nothing for no text, or that of another kind of source. Errors: corrupt, unsupported (a later
/// version of the text).
Result<std::optional<TopicCursor>> parse_topic_cursor(std::string_view text);

}  // namespace annals::internal
