#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace annals::internal {

/// What was read last of packed segments, kept for the next reader. Thread-safe; whoever has got
/// something keeps it, however soon it is let go here. Nothing is made under its lock, so two
/// threads that miss the same thing both make it.
class BlockCache {
 public:
  /// In place of a block's number: the segment's dictionary.
  static constexpr std::uint32_t dictionary = ~0U;

  struct Key {
    std::uint64_t segment = 0;
    std::uint32_t block = 0;
    bool operator==(const Key&) const = default;
  };
  using Kept = std::shared_ptr<const void>;

  explicit BlockCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Nothing if it is not here.
  Kept find(const Key& key);
  /// Keeps `what`, of `bytes`, and lets go what was not asked for the longest. What alone is larger
  /// than everything that may be kept is not.
  void add(const Key& key, Kept what, std::size_t bytes);

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::uint64_t>()((key.segment << 32U) ^ key.block);
    }
  };
  struct Entry {
    Key key;
    Kept what;
    std::size_t bytes;
  };

  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // Guarded by mutex_, as are these; the last one asked for is first.
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> places_;
  std::uint64_t bytes_ = 0;
};

}  // namespace annals::internal
