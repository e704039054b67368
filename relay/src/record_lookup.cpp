#include "record_lookup.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "kafka_error.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// For the records to arrive.
constexpr milliseconds reading_max(3'000);
// So many offsets from a partition's end a record is looked for.
constexpr std::int64_t reach_max = 4'096;

}  // namespace

Result<OffsetRanges> read_records(KafkaConsumer& consumer, OffsetRanges ranges,
                                  const TakeRecord& take, const std::function<bool()>& stopped) {
  if (ranges.empty()) return ranges;
  std::map<std::uint32_t, std::int64_t> begins;
  for (const auto& [partition, range] : ranges) begins[partition] = range.begin;
  if (auto assigned = consumer.assign(begins); !assigned) return std::move(assigned).error();
  const auto until = SteadyClock::now() + reading_max;
  OffsetRanges unread = ranges;
  OffsetRanges without = std::move(ranges);
  Result<void> taken;
  std::string complaint;  // Of a partition; a broker's is the consumer's.
  bool ended = false;
  while (!unread.empty() && taken && !(ended = stopped()) && SteadyClock::now() < until) {
    const KafkaMessage message = consumer.poll(milliseconds(50));
    if (!message) continue;
    const auto partition = static_cast<std::uint32_t>(message->partition);
    const auto range = unread.find(partition);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (range == unread.end()) continue;  // Those behind it come too.
      const std::int64_t end = range->second.end;
      if (message->offset + 1 >= end) unread.erase(range);
      if (message->offset >= end) continue;
      without.erase(partition);
      taken = take(*message);
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      unread.erase(partition);
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      unread.erase(partition);
      without.erase(partition);
    } else {
      complaint = text_of(message->err);
    }
  }
  if (auto none = consumer.assign({}); !none) return std::move(none).error();
  if (!taken) return std::move(taken).error();
  if (ended) return OffsetRanges{};
  if (unread.empty()) return without;
  if (complaint.empty()) complaint = consumer.complaint();
  return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "reading records of topic " + consumer.topic(),
                  complaint);
}

Result<void> read_last_records(KafkaConsumer& consumer, const OffsetRanges& partitions,
                               const TakeRecord& take, const std::function<bool()>& stopped) {
  OffsetRanges left = partitions;
  for (std::int64_t reach = 1; !left.empty() && reach <= reach_max; reach *= 16) {
    for (auto& [partition, range] : left) {
      range.begin = std::max(partitions.at(partition).begin, range.end - reach);
    }
    auto without = read_records(consumer, std::move(left), take, stopped);
    if (!without) return std::move(without).error();
    left = *std::move(without);
    std::erase_if(left, [&](const auto& each) {
      return each.second.begin == partitions.at(each.first).begin;
    });
  }
  return {};
}

Result<RecordPlace> place_of(const rd_kafka_message_t& record, HeaderTable& headers) {
  rd_kafka_headers_t* present = nullptr;
  rd_kafka_message_headers(&record, &present);
  if (auto read = headers.fill(present); !read) return std::move(read).error();
  return read_place([&](std::string_view name) { return headers.find(name); });
}

}  // namespace annals::internal
