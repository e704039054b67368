#include "topic_check.hpp"

#include <gtest/gtest.h>

#include <annals/relay/partitioner.hpp>

namespace annals::relay_test {

namespace {

// Copies may differ in what depends on when they were published.
void expect_the_same_event(const kafka_test::TopicRecord& one,
                           const kafka_test::TopicRecord& other) {
  EXPECT_EQ(one.value, other.value);
  EXPECT_EQ(one.key, other.key);
  for (const char* name : {"ce_id", "ce_type", "annals-stream", "annals-version"}) {
    EXPECT_EQ(one.header(name), other.header(name));
  }
}

}  // namespace

std::uint64_t TopicCheck::missing(std::uint64_t head) const {
  std::uint64_t count = 0;
  for (std::uint64_t position = 1; position <= head; ++position) {
    if (position > events.size() || events[position - 1] == nullptr) ++count;
  }
  return count;
}

TopicCheck check_topic(const std::vector<std::vector<kafka_test::TopicRecord>>& partitions) {
  TopicCheck check;
  for (std::size_t number = 0; number < partitions.size(); ++number) {
    std::uint64_t last = 0;
    for (const kafka_test::TopicRecord& record : partitions[number]) {
      const std::uint64_t position = record.number("annals-position");
      const std::uint64_t previous = record.number("annals-prev");
      const bool event = record.header("ce_type") != "annals.watermark";
      EXPECT_LT(previous, position);
      if (previous > last) {
        ADD_FAILURE() << "a gap in partition " << number << " at offset " << record.offset
                      << ": last was " << last << ", previous is " << previous;
        return check;
      }
      if (event) {
        EXPECT_EQ(
            partition_of(record.key.value_or(""), static_cast<std::uint32_t>(partitions.size())),
            number);
        if (check.events.size() < position) check.events.resize(position);
        const auto*& first = check.events[position - 1];
        if (first != nullptr) expect_the_same_event(*first, record);
        if (first == nullptr) {
          EXPECT_GT(position, last) << "a new event that consumers would drop";
          first = &record;
        }
      }
      if (position <= last) {
        ++check.repeated;
        continue;
      }
      last = position;
      ++check.taken;
      if (!event) ++check.watermarks;
    }
    check.last.push_back(last);
  }
  return check;
}

}  // namespace annals::relay_test
