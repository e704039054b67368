#include "record_lookup.hpp"

#include <chrono>
#include <string>

#include "kafka_error.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// For the records to arrive.
constexpr milliseconds reading_max(3'000);

}  // namespace

Result<void> look_up_records(
    KafkaConsumer& consumer, std::map<std::uint32_t, std::int64_t> offsets,
    const std::function<Result<void>(const rd_kafka_message_t& record)>& take,
    const std::function<bool()>& stopped) {
  if (offsets.empty()) return {};
  if (auto assigned = consumer.assign(offsets); !assigned) return assigned;
  const auto until = SteadyClock::now() + reading_max;
  Result<void> taken;
  std::string complaint;  // Of a partition; a broker's is the consumer's.
  bool ended = false;
  while (!offsets.empty() && taken && !(ended = stopped()) && SteadyClock::now() < until) {
    const KafkaMessage message = consumer.poll(milliseconds(50));
    if (!message) continue;
    const auto partition = static_cast<std::uint32_t>(message->partition);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      // Those behind it come too.
      if (offsets.erase(partition) > 0) taken = take(*message);
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      offsets.erase(partition);  // Removed meanwhile.
    } else {
      complaint = text_of(message->err);
    }
  }
  if (auto none = consumer.assign({}); !none) return none;
  if (!taken || offsets.empty() || ended) return taken;
  if (complaint.empty()) complaint = consumer.complaint();
  return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "reading records of topic " + consumer.topic(),
                  complaint);
}

Result<RecordPlace> place_of(const rd_kafka_message_t& record, HeaderTable& headers) {
  rd_kafka_headers_t* present = nullptr;
  rd_kafka_message_headers(&record, &present);
  if (auto read = headers.fill(present); !read) return std::move(read).error();
  return read_place([&](std::string_view name) { return headers.find(name); });
}

}  // namespace annals::internal
