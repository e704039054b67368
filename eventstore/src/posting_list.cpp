#include "posting_list.hpp"

#include <algorithm>
#include <cstring>

namespace annals::internal {

namespace {

std::uint32_t load_u32(const std::byte* from) {
  std::uint32_t value = 0;
  std::memcpy(&value, from, 4);
  return value;
}

void put_number(std::uint32_t number, std::string& into) {
  for (; number >= 0x80; number >>= 7U) into += static_cast<char>(number | 0x80U);
  into += static_cast<char>(number);
}

const std::byte* read_number(const std::byte* from, const std::byte* end, std::uint32_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 35 && from != end; shift += 7) {
    const auto byte = std::to_integer<std::uint32_t>(*from++);
    number |= (byte & 0x7FU) << shift;
    if (byte < 0x80) break;
  }
  return from;
}

}  // namespace

PostingList::PostingList(std::span<const std::byte> packed, std::size_t count)
    : packed_(packed.data()), packed_end_(packed.data() + packed.size()), size_(count) {
  const bool has_table = size_ <= block_postings || blocks() * 8 <= packed.size();
  if (!has_table) size_ = 0;
}

void PostingList::pack(std::span<const std::uint32_t> positions, std::string& into) {
  const auto put_block = [&into](std::span<const std::uint32_t> block) {
    std::uint32_t before = 0;
    for (const std::uint32_t position : block) {
      put_number(position - before, into);
      before = position;
    }
  };
  if (positions.size() <= block_postings) return put_block(positions);
  const std::size_t blocks = (positions.size() + block_postings - 1) / block_postings;
  const std::size_t table = into.size();
  into.append(blocks * 8, '\0');
  const std::size_t start = into.size();
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto block = positions.subspan(
        i * block_postings, std::min(block_postings, positions.size() - i * block_postings));
    const auto offset = static_cast<std::uint32_t>(into.size() - start);
    std::memcpy(into.data() + table + i * 8, &block.front(), 4);
    std::memcpy(into.data() + table + i * 8 + 4, &offset, 4);
    put_block(block);
  }
}

std::uint32_t PostingList::first_of(std::size_t block) const {
  return load_u32(packed_ + block * 8);
}

void PostingList::unpack(std::size_t block) const {
  if (unpacked_block_ == block) return;
  const std::byte* from = packed_;
  if (size_ > block_postings) {
    const std::size_t room = static_cast<std::size_t>(packed_end_ - packed_) - blocks() * 8;
    from += blocks() * 8 + std::min<std::size_t>(load_u32(packed_ + block * 8 + 4), room);
  }
  const std::size_t count = std::min(block_postings, size_ - block * block_postings);
  std::uint32_t position = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t difference = 0;
    from = read_number(from, packed_end_, difference);
    position += difference;
    unpacked_[i] = position;
  }
  unpacked_block_ = block;
}

std::uint32_t PostingList::at(std::size_t i) const {
  if (packed_ == nullptr) return plain_[i];
  if (size_ > block_postings && i % block_postings == 0) return first_of(i / block_postings);
  unpack(i / block_postings);
  return unpacked_[i % block_postings];
}

std::size_t PostingList::lower_bound(std::size_t from, std::uint32_t bound) const {
  if (from >= size_) return size_;
  if (packed_ == nullptr) {
    // Doubles its step, then halves it: cheap for the next posting and for one far away.
    if (plain_[from] >= bound) return from;
    std::size_t step = 1;
    std::size_t low = from;
    while (low + step < size_ && plain_[low + step] < bound) {
      low += step;
      step *= 2;
    }
    const std::size_t high = std::min(low + step, size_);
    return static_cast<std::size_t>(std::lower_bound(plain_ + low + 1, plain_ + high, bound) -
                                    plain_);
  }
  // The last block that begins before the bound, not before the one of `from`.
  std::size_t low = from / block_postings;
  if (size_ > block_postings) {
    std::size_t high = blocks();
    if (low + 1 < high && first_of(low + 1) >= bound) high = low + 1;
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      (first_of(middle) < bound ? low : high) = middle;
    }
  }
  unpack(low);
  const std::size_t count = std::min(block_postings, size_ - low * block_postings);
  const std::size_t start = low == from / block_postings ? from % block_postings : 0;
  const auto* found = std::lower_bound(unpacked_.data() + start, unpacked_.data() + count, bound);
  return low * block_postings + static_cast<std::size_t>(found - unpacked_.data());
}

}  // namespace annals::internal
