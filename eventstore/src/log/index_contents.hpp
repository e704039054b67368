#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include <annals/eventstore/file_system.hpp>

#include "index_file.hpp"
#include "index_format.hpp"
#include "memory_part.hpp"

namespace annals::internal {

/// What the index file of a segment holds. The same segment always gives the same bytes.
class IndexContents {
 public:
  /// `part`: all of the segment.
  IndexContents(const StoreId& store, const IndexFile::Segment& segment, const MemoryPart& part);

  /// Writes all of it into a new file and makes that durable. Errors: unavailable.
  Result<void> write(File& file) const;
  /// Whether a file says just this. What fills its sections up and what comes behind them, which no
  /// checksum covers and nobody reads, says nothing.
  bool is(std::span<const std::byte> bytes) const;
  /// Whether the header and the filter of a file say what these do, as far as they are believed: by
  /// them a segment is passed over before the rest of its index is looked at.
  bool passes_over_as(const IndexFile& file) const;

 private:
  std::array<std::byte, index_format::header_bytes> header_{};
  std::array<std::string, index_format::section_count> sections_;
};

}  // namespace annals::internal
