#include "published_history.hpp"

#include <cstdint>
#include <map>
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

}  // namespace

Result<void> check_published_history(const EventStore& store, KafkaConsumer& consumer,
                                     const std::vector<OffsetRange>& partitions,
                                     const std::function<bool()>& stopped) {
  std::map<std::uint32_t, std::int64_t> last;
  for (std::uint32_t i = 0; i < partitions.size(); ++i) {
    if (partitions[i].end > partitions[i].begin) last[i] = partitions[i].end - 1;
  }
  HeaderTable headers;
  const auto check = [&](const rd_kafka_message_t& record) -> Result<void> {
    const auto place = place_of(record, headers);
    auto checked = place ? check_is_of(store, *place, headers) : Result<void>(place.error());
    if (checked) return checked;
    Error error = std::move(checked).error();
    std::string what = "topic " + consumer.topic() + ", partition " +
                       std::to_string(record.partition) + ", offset " +
                       std::to_string(record.offset);
    if (place) what += ", holds position " + to_string(place->position);
    error.message = what + ": " + error.message;
    if (error.code == ErrorCode::diverged) {
      error.message +=
          ". What was published is not this log's history: the log was put back to an earlier"
          " state, or is a copy of the one that was published. Relay that one, or publish this one"
          " to a new topic";
    }
    return error;
  };
  return look_up_records(consumer, std::move(last), check, stopped);
}

}  // namespace annals::internal
