#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>

#include "block_cache.hpp"
#include "manifest.hpp"
#include "zstd_block.hpp"

namespace annals::internal {

/// A piece of a segment, decompressed.
struct PackedBlock {
  std::uint64_t offset = 0;  ///< Of its first byte in the segment.
  std::unique_ptr<std::byte[]> data;
  std::size_t size = 0;

  std::span<const std::byte> bytes() const noexcept { return {data.get(), size}; }
};

/// A sealed segment that was compressed, as a file that takes the place of the segment's own. It
/// holds the same bytes, up to behind the last frame, at the same offsets. Thread-safe.
///
/// Errors of reading: corrupt, with this file and the offset in it; unavailable (no memory).
class PackedFile {
 public:
  /// "segment-00000001.packed"
  static std::string name_of(std::uint64_t segment);

  /// Opens the file and checks its header against the MANIFEST. Table, dictionary and blocks are
  /// looked at when something is read. `cache`: where blocks are kept; null: nowhere.
  ///
  /// Errors: unavailable (missing), corrupt, unsupported.
  static Result<std::shared_ptr<const PackedFile>> open(FileSystem& files, std::string path,
                                                        const StoreId& store,
                                                        const ManifestSegment& listed,
                                                        std::shared_ptr<BlockCache> cache);

  /// The block that holds `offset`, which is one of the segment.
  Result<std::shared_ptr<const PackedBlock>> block_holding(std::uint64_t offset) const;
  /// All of the segment, in memory. Passes by the cache.
  Result<std::shared_ptr<const PackedBlock>> whole() const;
  /// Whether it holds `segment`, byte for byte, as far as events go.
  ///
  /// Errors: as of reading.
  Result<bool> equals(std::span<const std::byte> segment) const;

  const std::string& path() const { return path_; }
  const File& file() const { return *file_; }
  std::uint64_t file_bytes() const { return mapping_->bytes().size(); }
  std::uint64_t end() const { return end_; }

 private:
  struct Entry {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  // When decompressed.
    std::uint64_t file_offset = 0;
    std::uint32_t bytes = 0;
    std::uint32_t crc = 0;
  };

  PackedFile(std::string path, const StoreId& store, const ManifestSegment& listed,
             std::shared_ptr<BlockCache> cache);
  Result<void> check_header(const ManifestSegment& listed);
  Result<void> check_table() const;
  Result<std::shared_ptr<const BlockDictionary>> dictionary() const;
  Entry entry(std::uint32_t number) const;
  Result<void> unpack(const Entry& entry, const BlockDictionary* dictionary,
                      std::span<std::byte> into) const;
  Error corrupt(std::uint64_t offset, const std::string& what) const;

  const std::string path_;
  const StoreId store_;
  const std::uint64_t number_;
  const std::uint64_t end_;
  const std::shared_ptr<BlockCache> cache_;
  std::unique_ptr<File> file_;
  std::shared_ptr<const Mapping> mapping_;
  std::uint64_t table_at_ = 0;
  std::uint32_t blocks_ = 0;
  std::uint32_t dictionary_bytes_ = 0;
  std::uint32_t dictionary_crc_ = 0;
  std::uint32_t table_crc_ = 0;
  mutable std::atomic<bool> table_checked_ = false;
};

}  // namespace annals::internal
