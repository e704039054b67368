#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <annals/eventstore/event.hpp>
#include <annals/eventstore/result.hpp>

#include "acceptance.hpp"
#include "header_table.hpp"

namespace annals::internal {

/// A relay's record, read back: an event again, or a watermark.
struct ReceivedRecord {
  RecordPlace place;
  std::optional<RecordedEvent> event = {};  ///< Nothing: a watermark. Points into `bytes`.
  std::shared_ptr<const void> bytes = {};

  // Where it lay; filled in by who reads the partition.
  std::int64_t offset = 0;
  GlobalPosition before = {};  ///< Of the record at the offset before it; 0: unknown, or none.
};

/// What the record with these headers says; the inverse of event_headers and watermark_headers.
/// Every member of the event is as the store recorded it, so that its content hash is the log's.
/// `key` and `value`: nothing if the record has none.
///
/// Errors: corrupt (this is no record of a relay's, or a damaged one).
Result<ReceivedRecord> read_record(const HeaderTable& headers, std::optional<std::string_view> key,
                                   std::optional<std::string_view> value);

}  // namespace annals::internal
