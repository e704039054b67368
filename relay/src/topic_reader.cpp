#include "topic_reader.hpp"

#include <algorithm>
#include <utility>

#include <annals/relay/partitioner.hpp>

#include "kafka_error.hpp"
#include "kafka_topic.hpp"

namespace annals::internal {

namespace {

std::optional<std::string_view> text(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

// Once this returns, the queue's callback is not running, and is not called any more.
void silence(const KafkaQueue& queue) {
  if (queue) rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
}

}  // namespace

TopicReader::TopicReader(KafkaConsumer& consumer, TopicIdentity identity,
                         std::optional<Token> history, ReadCounts& counts,
                         std::function<void()> ready)
    : consumer_(consumer),
      identity_(std::move(identity)),
      history_(history),
      counts_(counts),
      ready_(std::move(ready)) {}

TopicReader::~TopicReader() {
  for (const auto& [partition, lane] : lanes_) silence(lane.queue);
}

std::string TopicReader::where(std::uint32_t partition) const {
  return "topic " + identity_.topic + ", partition " + std::to_string(partition);
}

Error TopicReader::made_anew(std::uint32_t partition, const std::string& why) const {
  return {ErrorCode::invalid_argument, where(partition) + ": " + why +
                                           ": the topic was made anew. Read it from the beginning "
                                           "by saying that it is another one"};
}

Error TopicReader::removed(std::uint32_t partition, std::int64_t from, std::int64_t begin) const {
  return {ErrorCode::corrupt,
          where(partition) + ": records from offset " + std::to_string(from) + " to " +
              std::to_string(begin) +
              " were removed by the topic's retention before they were read here; rebuild from the "
              "event store, and keep records for longer"};
}

Result<std::int64_t> TopicReader::begin(std::uint32_t partition, const Begin& begin,
                                        OffsetRange holds) {
  if (begin.place && begin.place->next > holds.end) {
    // What the partition holds was seen a moment ago, and it grows.
    auto now = offsets_of_partition(consumer_, identity_.topic, partition);
    if (!now) return std::move(now).error();
    holds = *now;
  }
  Lane& lane = lanes_[partition];
  silence(lane.queue);
  lane = {};
  lane.begun_at = begin.taken;
  lane.begun_link = begin.link;
  std::int64_t offset = holds.begin;
  if (begin.place) {
    const TopicCursor::Place& place = *begin.place;
    if (place.next > holds.end) {
      return made_anew(partition, "it was read up to offset " + std::to_string(place.next) +
                                      ", and ends at " + std::to_string(holds.end));
    }
    if (place.next < holds.begin) return removed(partition, place.next, holds.begin);
    lane.place = place;
    offset = std::max(first_offset(place), holds.begin);
    if (offset < place.next) lane.expected = place;
  } else {
    lane.from_first = true;
    lane.place.next = offset;
  }
  lane.queue = consumer_.queue_of(partition);
  if (!lane.queue) {
    return Error{ErrorCode::unavailable, where(partition) + " is not known to librdkafka"};
  }
  rd_kafka_queue_cb_event_enable(
      lane.queue.get(),
      [](rd_kafka_t*, void* reader) { static_cast<TopicReader*>(reader)->ready_(); }, this);
  if (acceptance_) acceptance_->begin(partition, begin.taken, begin.link);
  return offset;
}

void TopicReader::deliver(KafkaMessage message) {
  const auto lane = lanes_.find(static_cast<std::uint32_t>(message->partition));
  if (lane != lanes_.end()) lane->second.delivered.push_back(std::move(message));
}

Result<std::optional<ReceivedRecord>> TopicReader::next(std::uint32_t partition) {
  Lane& lane = lanes_.at(partition);
  while (true) {
    KafkaMessage message;
    if (!lane.delivered.empty()) {
      message = std::move(lane.delivered.front());
      lane.delivered.pop_front();
    } else {
      message.reset(rd_kafka_consume_queue(lane.queue.get(), 0));
    }
    if (!message) return std::optional<ReceivedRecord>();
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(partition, lane, *message);
    auto taken = take(partition, lane, *message);
    if (!taken || *taken) return taken;
  }
}

Result<std::optional<ReceivedRecord>> TopicReader::take(std::uint32_t partition, Lane& lane,
                                                        const rd_kafka_message_t& message) {
  const auto at = [&] { return where(partition) + ", offset " + std::to_string(message.offset); };
  rd_kafka_headers_t* headers = nullptr;
  rd_kafka_message_headers(&message, &headers);
  auto filled = headers_.fill(headers);
  auto read = filled ? read_record(headers_, text(message.key, message.key_len),
                                   text(message.payload, message.len))
                     : Result<ReceivedRecord>(filled.error());
  if (!read) {
    return Error{read.error().code, at() + ": " + read.error().message};
  }
  ReceivedRecord record = *std::move(read);
  const bool fresh = std::exchange(lane.fresh, false);
  if (message.offset == lane.expected.next - 1 && record.place.position != lane.expected.before) {
    return made_anew(partition, "offset " + std::to_string(message.offset) + " holds position " +
                                    to_string(record.place.position) + ", and did hold " +
                                    to_string(lane.expected.before));
  }
  record.offset = message.offset;
  record.before = lane.place.next == message.offset ? lane.place.before : GlobalPosition{};
  if (message.offset >= lane.place.next) {
    lane.place = {message.offset + 1, record.place.position};
  }
  if (!history_) history_ = Token{record.place.store, record.place.era, {}};
  if (!acceptance_) {
    acceptance_.emplace(identity_.topic, *history_,
                        std::vector<GlobalPosition>(identity_.partitions));
    for (const auto& [each, other] : lanes_) {
      acceptance_->begin(each, other.begun_at, other.begun_link);
    }
  }
  auto next = acceptance_->take(partition, record.place);
  if (!next) {
    const bool gap = next.error().code == ErrorCode::corrupt;
    if (gap && fresh && lane.from_first && message.offset > 0) {
      return removed(partition, 0, message.offset);
    }
    return std::move(next).error();
  }
  if (record.event && partition_of(record.event->stream, identity_.partitions) != partition) {
    return Error{ErrorCode::corrupt,
                 at() + ": stream " + std::string(record.event->stream) +
                     " does not belong into this partition: it was not put there by this "
                     "partitioner, or the topic had another number of partitions"};
  }
  ++(*next ? counts_.taken : counts_.dropped);
  if (!*next) return std::optional<ReceivedRecord>();
  return std::optional<ReceivedRecord>(std::move(record));
}

Error TopicReader::failure(std::uint32_t partition, const Lane& lane,
                           const rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    const auto holds = offsets_of_partition(consumer_, identity_.topic, partition);
    if (!holds) return holds.error();
    if (lane.place.next < holds->begin) return removed(partition, lane.place.next, holds->begin);
    if (lane.place.next > holds->end) {
      return made_anew(partition, "it was read up to offset " + std::to_string(lane.place.next) +
                                      ", and ends at " + std::to_string(holds->end));
    }
  }
  if (message.err == RD_KAFKA_RESP_ERR__BAD_MSG) {
    return {ErrorCode::corrupt, where(partition) + ": " + rd_kafka_message_errstr(&message)};
  }
  const char* said = rd_kafka_message_errstr(&message);
  return to_error(message.err, "reading " + where(partition), said == nullptr ? "" : said);
}

}  // namespace annals::internal
