#include "record_writer.hpp"

#include "log_format.hpp"

namespace annals::internal {
namespace {

using format::Field;

void put_field(ByteBuffer& to, Field tag, const void* value, std::size_t bytes) {
  to.put(static_cast<std::uint8_t>(tag));
  if (bytes < 254) {
    to.put(static_cast<std::uint8_t>(bytes));
  } else if (bytes <= 0xFFFF) {
    to.put(std::uint8_t{254});
    to.put(static_cast<std::uint16_t>(bytes));
  } else {
    to.put(std::uint8_t{255});
    to.put(static_cast<std::uint32_t>(bytes));
  }
  to.put_bytes(value, bytes);
}

void put_text(ByteBuffer& to, Field tag, std::string_view text) {
  put_field(to, tag, text.data(), text.size());
}

/// An empty text is an absent one, as in the content hash.
void put_optional(ByteBuffer& to, Field tag, const std::optional<std::string>& text) {
  if (text && !text->empty()) put_text(to, tag, *text);
}

void put_integer(ByteBuffer& to, Field tag, std::uint64_t value) {
  std::size_t bytes = 8;
  while (bytes > 0 && (value >> ((bytes - 1) * 8)) == 0) --bytes;
  put_field(to, tag, &value, bytes);
}

void put_time(ByteBuffer& to, Field tag, Timestamp time) {
  const std::int64_t micros = time.time_since_epoch().count();
  put_field(to, tag, &micros, sizeof micros);
}

}  // namespace

std::size_t record_bytes_bound(const NewEvent& event) noexcept {
  std::size_t bytes = format::record_header_bytes + event.stream.size() + event.type.size() +
                      event.data.size() + event.metadata.size();
  for (const auto& tag : event.tags) bytes += tag.size();
  for (const auto* name :
       {&event.correlation_id, &event.causation_id, &event.actor, &event.traceparent}) {
    if (*name) bytes += (*name)->size();
  }
  // Version, schema version, content type, id, two times and the origin, and a header for each
  // field.
  return bytes + 8 + 4 + 1 + 16 + 16 + 24 +
         (17 + event.tags.size()) * format::field_header_bytes_max;
}

void write_record(const NewEvent& event, StreamVersion version, std::uint16_t index,
                  std::size_t append_start, ByteBuffer& frame) {
  const std::size_t start = frame.size();
  frame.put(std::uint32_t{0});  // Length, filled in below.
  frame.put(std::uint32_t{0});  // Checksum, filled in when the place in the segment is known.
  frame.put(static_cast<std::uint32_t>(start - append_start));
  frame.put(static_cast<std::uint8_t>(format::Kind::event));
  frame.put(format::record_must_understand);
  frame.put(index);

  put_text(frame, Field::stream, event.stream);
  put_integer(frame, Field::version, version.value);
  put_text(frame, Field::type, event.type);
  if (event.schema_version != 1) put_integer(frame, Field::schema_version, event.schema_version);
  if (event.content_type != ContentType::json) {
    put_integer(frame, Field::content_type, static_cast<std::uint8_t>(event.content_type));
  }
  if (event.id) put_field(frame, Field::id, event.id->bytes.data(), event.id->bytes.size());
  put_text(frame, Field::data, event.data);
  if (!event.metadata.empty()) put_text(frame, Field::metadata, event.metadata);
  for (const auto& tag : event.tags) put_text(frame, Field::tag, tag);
  if (event.known_at) put_time(frame, Field::known_at, *event.known_at);
  if (event.effective_at) put_time(frame, Field::effective_at, *event.effective_at);
  put_optional(frame, Field::correlation_id, event.correlation_id);
  put_optional(frame, Field::causation_id, event.causation_id);
  put_optional(frame, Field::actor, event.actor);
  put_optional(frame, Field::traceparent, event.traceparent);
  if (event.origin) {
    put_field(frame, Field::origin_store, event.origin->store.bytes.data(),
              event.origin->store.bytes.size());
    put_integer(frame, Field::origin_position, event.origin->position.value);
  }

  store(frame.data() + start, static_cast<std::uint32_t>(frame.size() - start));
}

}  // namespace annals::internal
