#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <annals/eventstore/file_system.hpp>

#include "index_format.hpp"
#include "index_part.hpp"
#include "manifest.hpp"
#include "memory_part.hpp"

namespace annals::internal {

/// The index of a sealed segment, in a file beside it: docs/reference/index_format.md. It can be
/// made anew from the segment at any time, and is believed only after its checksums.
class IndexFile final : public IndexPart {
 public:
  /// What the MANIFEST says about the segment.
  struct Segment {
    std::uint64_t number = 0;
    GlobalPosition first;
    GlobalPosition last;
    std::uint64_t end = 0;  ///< Behind its last frame.
    Link link;              ///< Of its last append.
  };
  static Segment segment_of(const ManifestSegment& listed) {
    return {listed.number, listed.first, listed.last, listed.end, listed.link_after};
  }
  /// Indexes the segment anew, in memory.
  using Rebuild = std::function<Result<std::shared_ptr<const MemoryPart>>()>;

  /// "segment-00000001.index"
  static std::string name_of(std::uint64_t segment);

  /// Writes the file of `part`, which is all of the segment, and makes it durable.
  ///
  /// Errors: unavailable (a full disk); what is left behind then does no harm.
  static Result<void> write(FileSystem& files, const std::string& folder, const StoreId& store,
                            const Segment& segment, const MemoryPart& part);

  /// Opens it; nothing if it is missing, damaged at first sight, or of another segment.
  /// `unchecked`: a planted mistake.
  ///
  /// Errors: unavailable.
  static Result<std::shared_ptr<const IndexFile>> open(FileSystem& files, const std::string& folder,
                                                       const StoreId& store, const Segment& segment,
                                                       Rebuild rebuild, bool unchecked = false);

  std::uint64_t number() const override { return segment_.number; }
  GlobalPosition first() const override { return segment_.first; }
  GlobalPosition last() const override { return segment_.last; }
  std::uint32_t append_count() const override { return append_count_; }
  std::uint64_t streams_begun() const override { return streams_begun_; }
  bool may_have(const KeyHash& hash) const override { return filtered(hash.low); }
  bool may_have_append(const AppendId& id, std::uint64_t hash) const override {
    return id >= least_id_ && id <= greatest_id_ && filtered(hash);
  }
  Result<void> ready() const override;
  std::optional<Found> find(KeyKind kind, std::string_view name,
                            const KeyHash& hash) const override;
  PostingList not_events() const override;
  std::uint32_t offset(std::uint32_t position) const override;
  AppendSpot append(std::uint32_t ordinal) const override;
  void appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const override;
  void each_stream(const EachStream& each) const override;

  std::span<const std::byte> bytes() const { return mapping_->bytes(); }
  /// Whether all its checksums are right, so that it is believed.
  bool is_whole() const;
  /// What is believed even if it is not whole: the filter, empty if its own checksum is wrong. So
  /// is the header.
  std::span<const std::byte> believed_filter() const;
  /// Whether its checksums were wrong and the segment has been indexed anew in its place.
  bool was_rebuilt() const { return rebuilt_.load() != nullptr; }

 private:
  using Section = index_format::Section;

  IndexFile(const Segment& segment, Rebuild rebuild, bool unchecked)
      : segment_(segment), rebuild_(std::move(rebuild)), unchecked_(unchecked) {}
  bool read_header(const StoreId& store);
  bool check(Section section) const;
  std::span<const std::byte> section(Section which) const { return sections_[which].bytes; }
  bool filtered(std::uint64_t hash) const;
  /// The key that begins at `at` of the keys' section.
  struct Key;
  bool read_key(std::size_t at, Key& key) const;

  const Segment segment_;
  const Rebuild rebuild_;
  const bool unchecked_;
  std::shared_ptr<const Mapping> mapping_;
  struct Bytes {
    std::span<const std::byte> bytes;
    std::uint32_t crc = 0;
  };
  std::array<Bytes, index_format::section_count> sections_;
  std::uint32_t append_count_ = 0;
  std::uint64_t streams_begun_ = 0;
  AppendId least_id_{};
  AppendId greatest_id_{};

  enum class Checked : std::uint8_t { no, good, bad };
  mutable std::atomic<Checked> filter_checked_ = Checked::no;
  mutable std::atomic<Checked> checked_ = Checked::no;
  mutable std::mutex rebuild_mutex_;
  mutable std::shared_ptr<const MemoryPart> rebuilt_part_;  // Guarded by rebuild_mutex_.
  mutable std::atomic<const MemoryPart*> rebuilt_ = nullptr;
};

}  // namespace annals::internal
