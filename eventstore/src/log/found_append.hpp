#pragma once

#include <cstdint>
#include <vector>

#include "append_entry.hpp"
#include "frame_reader.hpp"
#include "key_hash.hpp"
#include "memory_part.hpp"
#include "segment.hpp"

namespace annals::internal {

/// What the index is told about an append that was found in a segment, which must outlive it.
struct FoundAppend {
  FoundAppend(const SegmentBytes& segment, const AppendView& append, const KeyHasher& hasher);
  std::uint32_t offset() const { return static_cast<std::uint32_t>(entry.address); }

  const AppendEntry& entry;
  std::uint32_t check;
  std::vector<KeyHash> tag_hashes;
  std::vector<RecordKeys> keys;
};

/// Whether every stream of the append goes on where it ended in `part`, or begins in it.
///
/// Errors: corrupt, with place.
Result<void> check_versions(const SegmentBytes& segment, const AppendView& append,
                            const MemoryPart& part, const KeyHasher& hasher);

/// Adds the next append of a segment to the index of it that is being made.
///
/// Errors: as of check_versions.
Result<void> index_append(const SegmentBytes& segment, const AppendView& append,
                          const KeyHasher& hasher, MemoryPart& part);

}  // namespace annals::internal
