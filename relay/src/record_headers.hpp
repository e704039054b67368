#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/token.hpp>

#include "kafka_client.hpp"

namespace annals::internal {

/// Of which history the records are: the headers that all of them share.
struct RecordSource {
  explicit RecordSource(const Token& token);

  std::string store;
  std::string era;
  std::string source;  ///< CloudEvents' source.
};

/// The headers of an event's record: docs/reference/kafka_record_format.md. `previous` is the
/// position of the record before it in its partition, `link` there on an append's last event.
KafkaHeaders event_headers(const RecordSource& source, const RecordedEvent& event,
                           GlobalPosition previous, const std::optional<Link>& link);

/// Those of a watermark: everything of this partition up to `position` has been produced.
KafkaHeaders watermark_headers(const RecordSource& source, std::uint32_t partition,
                               GlobalPosition position, GlobalPosition previous, const Link& link);

}  // namespace annals::internal
