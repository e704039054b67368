#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "packed_file.hpp"
#include "segment.hpp"

namespace annals::internal {

/// How packed files are made. Measured: docs/explanation/log.md.
struct Packing {
  int level = 9;
  /// A block is cut where the first append begins behind so many bytes; inside an append when it is
  /// twice as large.
  std::size_t block_bytes = std::size_t{32} * 1024;
  std::size_t dictionary_bytes_max = std::size_t{16} * 1024;
};

/// Told between blocks how many bytes of the segment are done; false: give up.
using PackingProgress = std::function<bool(std::uint64_t bytes_done)>;

/// Makes the packed file of a sealed segment beside it, durable and compared with the original,
/// which stays where it is. One that is there already is compared first, and made anew only if it
/// is not the same. Returns the segment as it can be read from the packed file, by way of `cache`.
///
/// Errors: corrupt (the original is damaged; nothing was made), unavailable (a full disk, or told
/// to stop; what is left behind then does no harm).
Result<Segment> pack_segment(FileSystem& files, const std::string& folder, const StoreId& store,
                             const ManifestSegment& listed, const Segment& original,
                             const std::shared_ptr<BlockCache>& cache,
                             const PackingProgress& progress);

/// Takes away the original of a segment that has been packed, and makes that durable.
Result<void> remove_original(FileSystem& files, const std::string& folder, std::uint64_t number);

/// Takes away what was being made when a writer ended. For the one who may write.
Result<void> remove_half_packed(FileSystem& files, const std::string& folder);

}  // namespace annals::internal
