/// @file
/// Kafka by librdkafka alone: what the relay is measured beside, and what looks at its topics.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "measurement.hpp"

namespace annals::bench {

/// A record, with the headers in their order.
struct KafkaRecord {
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;

  /// A header's number; 0 if it is not there.
  std::uint64_t number(const std::string& header) const;
};

/// A loop around librdkafka's producer: it makes the topic, sends `count` records with the headers
/// and the value of `like`, and waits until all are acknowledged. Idempotent, acks=all; batches as
/// the relay has them, a queue of 128 MiB; the rest, such as five requests in flight, as librdkafka
/// comes.
/// Keys are those that `key_of` names. How long that took, with the connecting.
///
/// Errors: unavailable.
Result<double> produce_bare(const std::string& brokers, const std::string& topic,
                            std::uint32_t partitions, const KafkaRecord& like, std::uint64_t count,
                            const std::function<std::string(std::uint64_t)>& key_of);

/// The same by `program`, librdkafka's own benchmark rdkafka_performance, which counts the time
/// from its first record to the last acknowledgement. Records have no key, which would be the same
/// for all and lead to one partition; their value is longer by as much.
///
/// Errors: unavailable.
Result<double> produce_by_its_benchmark(const std::string& program, const std::string& brokers,
                                        const std::string& topic, std::uint32_t partitions,
                                        const KafkaRecord& like, std::uint64_t count);

/// Reads all partitions of a topic from their beginning, as fast as records come.
class BareConsumer {
 public:
  /// Errors of all functions: unavailable.
  static Result<std::unique_ptr<BareConsumer>> open(const std::string& brokers,
                                                    const std::string& topic,
                                                    std::uint32_t partitions);
  virtual ~BareConsumer() = default;

  /// The next record; nothing if none came for 100 ms.
  virtual Result<std::optional<KafkaRecord>> next() = 0;
};

}  // namespace annals::bench
