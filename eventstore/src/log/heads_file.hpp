#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/stats.hpp>
#include <annals/eventstore/token.hpp>

#include "heads.hpp"

namespace annals::internal {

/// The heads in a mapped file, `heads` in the store's folder: a hash table of 4,096 partitions,
/// each of which grows on its own, so that no growth takes long. A cache of what the segments'
/// indexes say: it can be made anew at any time (docs/reference/index_format.md).
///
/// It is believed up to its applied position if it was closed, or if the process that wrote it died
/// while this start of the machine has run on; never in a copy, which is another file. Where there
/// is no room for it, or no mapping, what does not fit is kept in memory, and made anew at the next
/// opening.
class HeadsFile final : public Heads {
 public:
  struct Trust {
    StoreId store;
    Era era;
    std::string boot;
    GlobalPosition head;  ///< Of the log that is being opened.
    /// The link at a position up to the head. A closed file must agree with it.
    std::function<Result<Link>(GlobalPosition)> link_at;
    // Planted mistakes:
    bool everything = false;  ///< Believe it whatever it says.
    bool copies = false;      ///< Believe it in whatever file it lies.
  };

  /// Opens the file, or makes a new one: then applied() is 0.
  static std::unique_ptr<HeadsFile> open(FileSystem& files, const std::string& folder,
                                         const Trust& trust);

  Found find(const KeyHash& stream) const override;
  void raise(const KeyHash& stream, const Head& head) override;
  void set_applied(GlobalPosition position) override;
  GlobalPosition applied() const override { return applied_; }
  void prefetch(const KeyHash& stream) const override;

  /// Makes it durable, to be believed at the next opening. Errors: unavailable.
  Result<void> close(const Link& link_at_applied);

 private:
  struct Entry;
  struct Extent {
    std::uint64_t offset;
    std::uint64_t bytes;
    std::shared_ptr<WritableMapping> mapping;
  };

  HeadsFile() = default;
  bool open_existing(FileSystem& files, const Trust& trust);
  bool make(FileSystem& files, const Trust& trust);
  bool map_extent(std::uint64_t bytes);
  void fail();
  /// Null: there is no region, or the directory is damaged there.
  Entry* entries_of(std::uint64_t region) const;
  /// The entry of the stream, or the free one where it belongs; null: the partition is full. Sets
  /// `damaged` if an entry on the way is not what was written.
  Entry* look_up(std::uint64_t region, const KeyHash& stream, bool& damaged) const;
  /// Whether as many entries are where they belong as were put there. Counts them once after an
  /// opening: of a free entry nothing else tells that it was one before.
  bool is_whole(std::size_t partition, std::uint64_t region) const;
  std::uint64_t* directory() const;
  std::uint32_t* counts() const;
  /// A free region for 2^power entries, or 0.
  std::uint64_t allocate(unsigned power);
  bool grow(std::size_t partition);
  void write_state(bool closed, const Link& link);

  std::string path_;
  std::unique_ptr<File> file_;  // Null: everything is in memory.
  std::vector<Extent> extents_;
  std::uint64_t next_free_ = 0;                              // In the last extent.
  std::array<std::vector<std::uint64_t>, 32> free_regions_;  // By power.
  GlobalPosition applied_;
  StoreId store_;
  Era era_;
  std::string boot_;
  std::string identity_;
  enum class Counted : std::uint8_t { no, whole, damaged };
  mutable std::array<std::atomic<Counted>, 4096> counted_{};  // By partition.
  bool broken_ = false;                                       // Some heads are in memory only.
  struct Hash {
    std::size_t operator()(const KeyHash& hash) const noexcept { return hash.low; }
  };
  std::unordered_map<KeyHash, Head, Hash> in_memory_;
};

}  // namespace annals::internal
