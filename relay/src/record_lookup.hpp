#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include <annals/eventstore/result.hpp>

#include "header_table.hpp"
#include "kafka_consumer.hpp"
#include "kafka_topic.hpp"
#include "record_place.hpp"

namespace annals::internal {

/// Of partitions: what they hold, or a part of it.
using OffsetRanges = std::map<std::uint32_t, OffsetRange>;

/// Is handed each record that was asked for, those of a partition in their order. Its error ends
/// the reading.
using TakeRecord = std::function<Result<void>(const rd_kafka_message_t& record)>;

/// Takes the records that lie in these ranges, and gives those ranges in which none lies: what was
/// there may be no record (of a transaction, its end, and all of one that was aborted). What has
/// been removed meanwhile is left out. `consumer` reads by hand and tells ends, and is assigned
/// nothing afterwards. `stopped` is asked often, and ends it early.
///
/// Errors: unavailable (no answer within a few seconds), those of `take`.
Result<OffsetRanges> read_records(KafkaConsumer& consumer, OffsetRanges ranges,
                                  const TakeRecord& take, const std::function<bool()>& stopped);

/// Takes the last record of each of these partitions, each with all that it holds, and maybe some
/// of those before it. Left out is one that has none among its last 4,096 offsets. Otherwise as
/// read_records().
Result<void> read_last_records(KafkaConsumer& consumer, const OffsetRanges& partitions,
                               const TakeRecord& take, const std::function<bool()>& stopped);

/// Where a record stands in its history; `headers` then holds all that it has.
///
/// Errors: corrupt (it is no record of a relay's).
Result<RecordPlace> place_of(const rd_kafka_message_t& record, HeaderTable& headers);

}  // namespace annals::internal
