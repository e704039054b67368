#include "event_rows.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace annals::internal {

const char* const event_columns =
    "e.position, e.version, e.recorded_at, e.known_at, e.effective_at, e.id, e.schema_version, "
    "e.content_type, e.id_given, e.stream, e.type, e.tags, e.correlation_id, e.causation_id, "
    "e.actor, e.traceparent, e.origin_store, e.origin_position, e.metadata, e.data";

namespace {

enum Column : std::size_t {
  position,
  version,
  recorded_at,
  known_at,
  effective_at,
  id,
  event_schema_version,
  content_type,
  id_given,
  stream,
  type,
  tags,
  correlation_id,
  causation_id,
  actor,
  traceparent,
  origin_store,
  origin_position,
  metadata,
  data,
};
static_assert(data + 1 == event_column_count);

// What the events' views point into: texts lie in the rows, bytes and tags here.
struct Owner {
  explicit Owner(postgres::Rows of) : rows(std::move(of)) {}
  postgres::Rows rows;
  std::string bytes;
  std::vector<std::string_view> tags;
};

std::optional<std::string_view> text_or_none(const postgres::Rows& rows, std::size_t row,
                                             std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.text(row, column);
}

// "\x" and two digits a byte.
std::size_t decoded_size(std::string_view hex) { return hex.size() < 2 ? 0 : (hex.size() - 2) / 2; }

std::size_t line_count(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t count = 1;
  for (const char c : text) count += c == '\n' ? 1U : 0U;
  return count;
}

}  // namespace

RecordedEvents events_of(postgres::Rows rows) {
  if (rows.empty()) return {};
  const auto owner = std::make_shared<Owner>(std::move(rows));
  const postgres::Rows& from = owner->rows;
  // Both get their full size first: growing later would move what views point to.
  std::size_t bytes = 0;
  std::size_t tag_count = 0;
  for (std::size_t row = 0; row < from.size(); ++row) {
    bytes += decoded_size(from.text(row, metadata)) + decoded_size(from.text(row, data));
    tag_count += line_count(from.text(row, tags));
  }
  owner->bytes.reserve(bytes);
  owner->tags.reserve(tag_count);
  const auto decoded = [&](std::size_t row, std::size_t column) {
    const std::size_t begin = owner->bytes.size();
    const std::size_t count = from.append_bytes(row, column, owner->bytes);
    return std::string_view(owner->bytes).substr(begin, count);
  };

  std::vector<RecordedEvent> events(from.size());
  for (std::size_t row = 0; row < from.size(); ++row) {
    RecordedEvent& event = events[row];
    event.position.value = static_cast<std::uint64_t>(from.integer(row, position));
    event.version.value = static_cast<std::uint64_t>(from.integer(row, version));
    event.recorded_at = time_of(from.integer(row, recorded_at));
    event.given.known_at = !from.is_null(row, known_at);
    event.known_at =
        event.given.known_at ? time_of(from.integer(row, known_at)) : event.recorded_at;
    event.given.effective_at = !from.is_null(row, effective_at);
    event.effective_at =
        event.given.effective_at ? time_of(from.integer(row, effective_at)) : event.known_at;
    event.id.bytes = from.uuid(row, id);
    event.given.id = from.boolean(row, id_given);
    event.schema_version = static_cast<std::uint32_t>(from.integer(row, event_schema_version));
    event.content_type = static_cast<ContentType>(from.integer(row, content_type));
    event.stream = from.text(row, stream);
    event.type = from.text(row, type);
    const std::size_t first_tag = owner->tags.size();
    for (std::string_view rest = from.text(row, tags); !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      owner->tags.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    event.tags = std::span(owner->tags).subspan(first_tag);
    event.correlation_id = text_or_none(from, row, correlation_id);
    event.causation_id = text_or_none(from, row, causation_id);
    event.actor = text_or_none(from, row, actor);
    event.traceparent = text_or_none(from, row, traceparent);
    if (!from.is_null(row, origin_store)) {
      event.origin = Origin{{from.uuid(row, origin_store)},
                            {static_cast<std::uint64_t>(from.integer(row, origin_position))}};
    }
    event.metadata = decoded(row, metadata);
    event.data = decoded(row, data);
  }
  return RecordedEvents(std::move(events), {owner});
}

}  // namespace annals::internal
