#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// A record as it lies in a segment. Texts point into the segment; `tags` into the vector given to
/// read_record, from `first_tag` on.
struct RecordView {
  std::uint32_t bytes = 0;
  std::uint32_t back = 0;  ///< Bytes from the start of the append header to the record.
  std::uint16_t index = 0;
  bool event = true;  ///< False for a kind that this version does not know but may skip.
  std::uint8_t kind = 0;
  std::span<const std::byte> fields;  ///< All of them, as stored.

  std::string_view stream;
  StreamVersion version;
  std::string_view type;
  std::uint32_t schema_version = 1;
  ContentType content_type = ContentType::json;
  std::optional<EventId> id;
  std::string_view data;
  std::string_view metadata;
  std::size_t first_tag = 0;
  std::size_t tag_count = 0;
  std::optional<Timestamp> known_at;
  std::optional<Timestamp> effective_at;
  std::optional<std::string_view> correlation_id;
  std::optional<std::string_view> causation_id;
  std::optional<std::string_view> actor;
  std::optional<std::string_view> traceparent;
  std::optional<StoreId> origin_store;
  std::optional<GlobalPosition> origin_position;
};

/// Reads the record at the start of `bytes`, which reach to the end of its append. Its checksum is
/// looked at if `seed` is given. Never reads beyond `bytes`, whatever they hold.
///
/// Errors: corrupt, unsupported (a kind or field that must be understood and is not); without
/// place.
Result<RecordView> read_record(std::span<const std::byte> bytes, std::optional<std::uint32_t> seed,
                               std::vector<std::string_view>& tags);

/// What the content hash of a record is made over: of an event, what its writer gave; of a record
/// of an unknown kind, its fields as stored.
Digest content_hash(const RecordView& record, std::span<const std::string_view> tags);

/// The version that a link covers for a record that is no event and so has none.
inline constexpr StreamVersion no_version{~0ULL};

}  // namespace annals::internal
