#include <algorithm>
#include <bit>
#include <cstring>

#include <annals/eventstore/content_hash.hpp>

#include "event_content.hpp"
#include "prepared_append.hpp"
#include "sha256.hpp"

namespace annals {

namespace internal {

namespace {

template <typename Number>
void put_number(std::string& into, Number number) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof bytes);
  into.append(bytes, sizeof bytes);
}

void put_length(std::string& into, std::size_t length) {
  put_number(into, static_cast<std::uint32_t>(length));
}

void put_text(std::string& into, std::string_view text) {
  put_length(into, text.size());
  into += text;
}

void put_optional_text(std::string& into, const std::optional<std::string_view>& text) {
  const bool present = text && !text->empty();
  into += present ? '\1' : '\0';
  if (present) put_text(into, *text);
}

void put_optional_time(std::string& into, const std::optional<Timestamp>& time) {
  into += time ? '\1' : '\0';
  if (time) put_number(into, time->time_since_epoch().count());
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

template <std::size_t N>
void put_bytes(std::string& into, const std::array<std::uint8_t, N>& bytes) {
  into.append(reinterpret_cast<const char*>(bytes.data()), N);
}

// What the request digest leaves out of an event: what differs between two tries of one request.
bool has_trace_fields(const NewEvent& event) {
  return event.id || !event.metadata.empty() || event.correlation_id || event.causation_id ||
         event.traceparent;
}

}  // namespace

EventContent content_of(const NewEvent& event, std::span<const std::string_view> tags) {
  return {.stream = event.stream,
          .type = event.type,
          .schema_version = event.schema_version,
          .content_type = event.content_type,
          .id = event.id,
          .metadata = event.metadata,
          .correlation_id = view(event.correlation_id),
          .causation_id = view(event.causation_id),
          .actor = view(event.actor),
          .traceparent = view(event.traceparent),
          .known_at = event.known_at,
          .effective_at = event.effective_at,
          .tags = tags,
          .data = event.data};
}

void encode_content_head(const EventContent& content, std::string& into) {
  into.assign("annals-event-1");
  put_text(into, content.stream);
  put_text(into, content.type);
  put_number(into, content.schema_version);
  into += static_cast<char>(content.content_type);
  into += content.id ? '\1' : '\0';
  if (content.id) put_bytes(into, content.id->bytes);
  put_optional_text(into, content.metadata);
  put_optional_text(into, content.correlation_id);
  put_optional_text(into, content.causation_id);
  put_optional_text(into, content.actor);
  put_optional_text(into, content.traceparent);
  put_optional_time(into, content.known_at);
  put_optional_time(into, content.effective_at);
  put_length(into, content.tags.size());
  for (const std::string_view tag : content.tags) put_text(into, tag);
  put_length(into, content.data.size());
}

Digest content_hash(const EventContent& content) {
  // One buffer a thread, because one call to the hash is far cheaper than one for each field. The
  // data, which may be large, is hashed where it lies.
  thread_local std::string head;
  encode_content_head(content, head);
  Sha256 hash;
  hash.add(head);
  hash.add(content.data);
  return hash.finish();
}

RequestDigest request_digest(std::span<const NewEvent> events, std::span<const Digest> contents) {
  Sha256 hash;
  std::string head("annals-request-1");
  put_length(head, events.size());
  hash.add(head);
  std::vector<std::string_view> tags;
  for (std::size_t i = 0; i < events.size(); ++i) {
    Digest content;
    if (contents.empty() || has_trace_fields(events[i])) {
      tags.assign(events[i].tags.begin(), events[i].tags.end());
      EventContent bare = content_of(events[i], tags);
      bare.id = {};
      bare.metadata = {};
      bare.correlation_id = {};
      bare.causation_id = {};
      bare.traceparent = {};
      content = content_hash(bare);
    } else {
      content = contents[i];
    }
    hash.add(content.bytes.data(), content.bytes.size());
  }
  const Digest whole = hash.finish();
  RequestDigest digest;
  std::copy_n(whole.bytes.begin(), digest.bytes.size(), digest.bytes.begin());
  return digest;
}

}  // namespace internal

Digest content_hash(const NewEvent& event) {
  const std::vector<std::string_view> tags(event.tags.begin(), event.tags.end());
  return internal::content_hash(internal::content_of(event, tags));
}

Link first_link(const StoreId& store) {
  internal::Sha256 hash;
  hash.add("annals-1");
  hash.add(store.bytes.data(), store.bytes.size());
  return hash.finish();
}

Link next_link(const Link& previous, const AppendId& id, GlobalPosition first_position,
               Timestamp recorded_at, std::span<const LinkedEvent> events) {
  thread_local std::string bytes;  // Keeps its room.
  bytes.clear();
  internal::put_bytes(bytes, previous.bytes);
  internal::put_bytes(bytes, id.bytes);
  internal::put_number(bytes, first_position.value);
  internal::put_number(bytes, recorded_at.time_since_epoch().count());
  internal::put_length(bytes, events.size());
  for (const LinkedEvent& event : events) {
    internal::put_number(bytes, event.version.value);
    internal::put_bytes(bytes, event.content.bytes);
  }
  return internal::sha256(bytes);
}

EventId derived_event_id(const AppendId& append, std::uint32_t index) {
  std::string bytes;
  internal::put_bytes(bytes, append.bytes);
  internal::put_number(bytes, index);
  const Digest whole = internal::sha256(bytes);
  EventId id;
  std::copy_n(whole.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

RequestDigest request_digest(const AppendRequest& request) {
  return internal::request_digest(request.events, {});
}

}  // namespace annals
