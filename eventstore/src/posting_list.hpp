#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace annals::internal {

/// An ascending list of positions, counted from a part's first: plain, or packed as in index files.
/// A view: what it lies in must outlive it. Belongs to one thread, since a packed one keeps the
/// block it has unpacked last.
class PostingList {
 public:
  /// Positions in one packed block.
  static constexpr std::size_t block_postings = 128;

  PostingList() = default;
  explicit PostingList(std::span<const std::uint32_t> plain)
      : plain_(plain.data()), size_(plain.size()) {}
  /// What pack() made of `count` positions, and whatever follows it. Never reads beyond `packed`:
  /// of bytes that pack() did not make it makes some list or other.
  PostingList(std::span<const std::byte> packed, std::size_t count);

  std::size_t size() const noexcept { return size_; }
  /// REQUIRES: i < size()
  std::uint32_t at(std::size_t i) const;
  /// The first i >= from with at(i) >= bound, or size(). Cheap if it is near `from`.
  std::size_t lower_bound(std::size_t from, std::uint32_t bound) const;

  /// Appends the packed form: up to block_postings positions as one block of differences; more of
  /// them as a table {u32 first position, u32 offset of the block behind the table} for each block,
  /// then the blocks. Numbers have 7 bits a byte, the lowest first, the top bit set in all but the
  /// last byte.
  static void pack(std::span<const std::uint32_t> positions, std::string& into);

 private:
  std::size_t blocks() const { return (size_ + block_postings - 1) / block_postings; }
  std::uint32_t first_of(std::size_t block) const;
  void unpack(std::size_t block) const;

  const std::uint32_t* plain_ = nullptr;
  const std::byte* packed_ = nullptr;
  const std::byte* packed_end_ = nullptr;
  std::size_t size_ = 0;
  mutable std::size_t unpacked_block_ = static_cast<std::size_t>(-1);
  mutable std::array<std::uint32_t, block_postings> unpacked_{};  // Of unpacked_block_.
};

}  // namespace annals::internal
