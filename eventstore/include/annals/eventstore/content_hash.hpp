/// @file
/// The canonical bytes that content hashes, links and derived ids are made of.

#pragma once

#include <cstdint>
#include <span>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/event.hpp>

namespace annals {

/// The content hash of an event: SHA-256 over a canonical encoding of what the writer gave, absent
/// fields encoded as absent and empty optional texts as absent too (docs/reference/hashes.md).
/// Equal in every engine. `tags` must be a sorted set; an `id` counts only if the writer gave it.
Digest content_hash(const NewEvent& event);

/// What a link covers of one event.
struct LinkedEvent {
  StreamVersion version;
  Digest content;
};

/// Link 0: what the first append of a store is linked to.
Link first_link(const StoreId& store);

/// The link of an append.
Link next_link(const Link& previous, const AppendId& id, GlobalPosition first_position,
               Timestamp recorded_at, std::span<const LinkedEvent> events);

/// The id of an event whose writer gave none: the first 16 bytes of SHA-256(append id ‖ u32 index).
EventId derived_event_id(const AppendId& append, std::uint32_t index);

/// The digest of a request that brings none of its own: over its events in order, without what may
/// differ between two tries of one request: metadata, correlation_id, causation_id, traceparent and
/// event ids. Actor, claimed times and tags count. Checks and conditions do not: a try after the
/// state has moved on expects other versions and is a repeat all the same. `tags` must be sorted
/// sets.
RequestDigest request_digest(const AppendRequest& request);

}  // namespace annals
