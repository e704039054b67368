#include "published_history.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "record_lookup.hpp"

namespace annals::internal {

namespace {

// A record with a link is proved by it; one from inside an append has none, and is an event's.
Result<void> check_is_of(const EventStore& store, const RecordPlace& place,
                         const HeaderTable& headers) {
  const auto resumed = store.resume({Token{place.store, place.era, place.position}, place.link});
  if (!resumed) return resumed.error();
  if (place.link) return {};
  const auto events = read_all(store, {.start = Start::from(place.position), .limit = 1});
  if (!events) return events.error();
  const std::string id(headers.find("ce_id").value_or(""));
  const bool found = !events->empty() && events->front().position == place.position;
  if (found && to_string(events->front().id) == id) return {};
  return Error{ErrorCode::diverged,
               "its event is " + id + ", and the log has " +
                   (found ? to_string(events->front().id) : std::string("none")) + " there"};
}

std::string where_is(const KafkaConsumer& consumer, const rd_kafka_message_t& record) {
  return "topic " + consumer.topic() + ", partition " + std::to_string(record.partition) +
         ", offset " + std::to_string(record.offset);
}

}  // namespace

Result<void> check_published_history(const EventStore& store, const RelayRecord& published,
                                     KafkaConsumer& consumer,
                                     const std::vector<OffsetRange>& partitions,
                                     const std::function<bool()>& stopped) {
  OffsetRanges known;
  OffsetRanges all;
  for (std::uint32_t i = 0; i < partitions.size(); ++i) {
    const auto& [begin, end] = partitions[i];
    if (end == begin) continue;
    all[i] = partitions[i];
    const std::int64_t offset = published.last_offsets[i];
    if (offset >= begin) known[i] = {offset, offset + 1};  // Else retention has removed it.
  }
  HeaderTable headers;
  const auto check_known = [&](const rd_kafka_message_t& record) -> Result<void> {
    const auto partition = static_cast<std::uint32_t>(record.partition);
    const auto place = place_of(record, headers);
    const GlobalPosition position = published.last_positions[partition];
    if (place && place->position == position) return {};
    return Error{ErrorCode::invalid_argument,
                 where_is(consumer, record) + ", holds " +
                     (place ? "position " + to_string(place->position) : "no relay's record") +
                     ", and position " + to_string(position) +
                     " was published there: the topic was made anew. Publish to a new topic"};
  };
  const auto check_last = [&](const rd_kafka_message_t& record) -> Result<void> {
    const auto place = place_of(record, headers);
    auto checked = place ? check_is_of(store, *place, headers) : Result<void>(place.error());
    if (checked) return checked;
    Error error = std::move(checked).error();
    error.message = where_is(consumer, record) +
                    (place ? ", holds position " + to_string(place->position) : "") + ": " +
                    error.message;
    if (error.code == ErrorCode::diverged) {
      error.message +=
          ". What was published is not this log's history: the log was put back to an earlier"
          " state, or is a copy of the one that was published. Relay that one, or publish this one"
          " to a new topic";
    } else if (place && place->store != store.token().store) {
      error.message += ". The topic is another store's: publish to one of its own";
    }
    return error;
  };
  if (auto same = read_records(consumer, std::move(known), check_known, stopped); !same) {
    return std::move(same).error();
  }
  return read_last_records(consumer, all, check_last, stopped);
}

}  // namespace annals::internal
