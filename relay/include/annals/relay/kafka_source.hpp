/// @file
/// A store's history read back from the Kafka topic that a relay publishes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <annals/eventstore/event_source.hpp>
#include <annals/eventstore/partitioned_source.hpp>

namespace annals {

struct KafkaSourceOptions {
  std::string brokers;  ///< "one.example:9092,two.example:9092": any of the cluster.
  std::string topic;
  /// Begins the names of the consumer groups that join() makes members of, one for each consumer:
  /// "bank" gives "bank/balances"; without a '/'. A group is one read model's: two databases in the
  /// same one would each get only some of the partitions. Empty: nothing is shared. With
  /// cooperative rebalances (partition.assignment.strategy=cooperative-sticky in the settings)
  /// partitions that stay where they are go on meanwhile.
  std::string group = {};
  /// Of records that a subscription has fetched and not handed out yet, about; beyond it, fetching
  /// waits. One append always fits.
  std::size_t buffer_bytes_max = std::size_t{32} * 1024 * 1024;
  /// A consumer that has read another topic of the same store, or this one before it was made anew,
  /// may go on here: its place is found by position, from the topic's beginning on.
  bool from_another_topic = false;
  /// librdkafka's own: TLS, SASL, fetch.max.bytes and the rest. Those that the promises rest on, or
  /// that an option above says, are refused.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

struct KafkaSourceStatus {
  /// Of a partition, as seen within about the last second.
  struct Partition {
    std::int64_t begin_offset = 0;  ///< Of its first record.
    std::int64_t end_offset = 0;    ///< Behind its last one.
    GlobalPosition position;        ///< Of its last record.
  };
  std::vector<Partition> partitions = {};  ///< Empty: the topic was not seen yet.
  GlobalPosition head;                     ///< The highest position in the topic.
  // By all subscriptions and members of this object.
  std::uint64_t records = 0;     ///< Read, each once.
  std::uint64_t repeated = 0;    ///< Read once more, and dropped.
  std::uint64_t given_back = 0;  ///< Partitions that rebalances took away.
  /// What went wrong last, with the topic or with a group; empty while all is well.
  std::string last_error = {};
};

/// A topic as a source of events: a subscription reads all of its partitions and puts the events
/// back into the order of the log, so that what is made of them is the same as from the store
/// itself. It keeps its place as the cursor of its batches, and commits nothing to Kafka.
/// docs/explanation/relay.md tells how.
///
/// Besides what EventSource says, next() of a subscription gives: invalid_argument (records of
/// another store, another number of partitions, a topic that was made anew), diverged (records of
/// another era), corrupt (records are missing or cannot be read, or were removed before they were
/// read). Thread-safe.
///
/// As a PartitionedSource it deals the partitions out to the members of a consumer group. Each
/// gives its events in order; nothing is committed to Kafka there either.
class KafkaSource : public EventSource, public PartitionedSource {
 public:
  virtual KafkaSourceStatus status() const = 0;
};

/// Contacts the brokers in the background; waits for nobody.
///
/// Errors: invalid_argument (no brokers, no topic's name, a setting unknown or the source's own).
Result<std::unique_ptr<KafkaSource>> make_kafka_source(KafkaSourceOptions options);

}  // namespace annals
