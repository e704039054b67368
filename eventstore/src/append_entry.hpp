#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <annals/eventstore/append.hpp>

#include "key_hash.hpp"

namespace annals::internal {

/// One append as the log has it. `address` is the engine's own note of where it lies.
struct AppendEntry {
  AppendId id;
  RequestDigest digest;
  GlobalPosition first;
  std::uint32_t count = 0;  ///< Records, at least 1.
  Timestamp recorded_at;
  Link link;
  std::uint64_t address = 0;

  GlobalPosition last() const { return {first.value + count - 1}; }
};

/// What the index keeps of an append; the rest stands where `offset` says, in the part's segment.
struct AppendSpot {
  std::uint32_t first = 0;   ///< Counted from the part's first position.
  std::uint32_t offset = 0;  ///< The engine's own note.
  Timestamp recorded_at;
  std::uint32_t check = 0;  ///< A checksum of what stands there, for engines that have one.
};

/// What the index knows a record by. A record that is no event takes a position and nothing else.
struct RecordKeys {
  bool event = true;
  std::string_view stream;
  StreamVersion version;
  std::string_view type;
  std::span<const std::string_view> tags;
  KeyHash stream_hash = {};
  KeyHash category_hash = {};
  KeyHash type_hash = {};
  std::span<const KeyHash> tag_hashes = {};
  std::uint32_t offset = 0;  ///< Where it lies, as its engine counts.

  /// Hashes all but the tags. What is equal in `before`, which may be null, is taken from there.
  void hash(const KeyHasher& hasher, const RecordKeys* before = nullptr);
};

}  // namespace annals::internal
