#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/topic.hpp"

namespace annals::relay_test {

/// A topic read back and put through the rule that consumers keep to.
struct TopicCheck {
  /// Events taken: index 0 is the one at position 1. Nothing at a position: no partition has it.
  std::vector<const kafka_test::TopicRecord*> events;
  std::uint64_t taken = 0;          ///< Records that were next, watermarks too.
  std::uint64_t repeated = 0;       ///< Records that a consumer drops.
  std::uint64_t watermarks = 0;     ///< Of those taken.
  std::vector<std::uint64_t> last;  ///< Of each partition, the last position.

  std::uint64_t missing(std::uint64_t head) const;
};

/// Goes through all partitions. Fails the test at a record that does not follow (a gap), at one
/// that is in another partition than its key says, or at an event that differs from its first copy.
TopicCheck check_topic(const std::vector<std::vector<kafka_test::TopicRecord>>& partitions);

}  // namespace annals::relay_test
