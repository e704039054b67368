#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include <annals/eventstore/result.hpp>

#include "header_table.hpp"
#include "kafka_consumer.hpp"
#include "record_place.hpp"

namespace annals::internal {

/// Reads one record of each of these partitions and hands it to `take`: the one at the offset, or
/// the first behind it if that is gone. A partition that holds none from there on any more is left
/// out. `consumer` reads by hand, and is assigned nothing afterwards. `stopped` is asked often, and
/// ends it early.
///
/// Errors: unavailable (no answer within a few seconds), those of `take`.
Result<void> look_up_records(
    KafkaConsumer& consumer, std::map<std::uint32_t, std::int64_t> offsets,
    const std::function<Result<void>(const rd_kafka_message_t& record)>& take,
    const std::function<bool()>& stopped);

/// Where a record stands in its history; `headers` then holds all that it has.
///
/// Errors: corrupt (it is no record of a relay's).
Result<RecordPlace> place_of(const rd_kafka_message_t& record, HeaderTable& headers);

}  // namespace annals::internal
