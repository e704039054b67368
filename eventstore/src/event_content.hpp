#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/event.hpp>

namespace annals::internal {

/// What a writer gave for one event, as views: what a content hash is made over, whether the event
/// is still a request or read back from a log.
struct EventContent {
  std::string_view stream;
  std::string_view type;
  std::uint32_t schema_version = 1;
  ContentType content_type = ContentType::json;
  std::optional<EventId> id = {};                       // Only if the writer gave it.
  std::string_view metadata = {};                       // Empty: absent.
  std::optional<std::string_view> correlation_id = {};  // Here and below, empty counts as absent.
  std::optional<std::string_view> causation_id = {};
  std::optional<std::string_view> actor = {};
  std::optional<std::string_view> traceparent = {};
  std::optional<Timestamp> known_at = {};  // Only if the writer gave it.
  std::optional<Timestamp> effective_at = {};
  std::span<const std::string_view> tags = {};  // A sorted set.
  std::string_view data = {};
};

/// `event`'s content; refers to it and to `tags`, which are the event's.
EventContent content_of(const NewEvent& event, std::span<const std::string_view> tags);

/// See content_hash.hpp.
Digest content_hash(const EventContent& content);

/// The canonical bytes before the data: "annals-event-1" and every field but the data's own bytes.
/// Replaces what `into` holds.
void encode_content_head(const EventContent& content, std::string& into);

}  // namespace annals::internal
