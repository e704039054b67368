#include "packed_file.hpp"

#include <cstdio>
#include <cstring>
#include <new>

#include "bytes.hpp"
#include "packed_format.hpp"

namespace annals::internal {
namespace {

/// Nothing if there is no memory for it: how much is asked for stands in files.
std::unique_ptr<std::byte[]> room_for(std::uint64_t bytes) {
  return std::unique_ptr<std::byte[]>(new (std::nothrow) std::byte[bytes]);
}

Error no_memory(const std::string& path, std::uint64_t bytes) {
  return {ErrorCode::unavailable,
          path + ": no memory for " + std::to_string(bytes) + " bytes of it"};
}

}  // namespace

std::string PackedFile::name_of(std::uint64_t segment) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "segment-%08llu.packed",
                static_cast<unsigned long long>(segment));
  return name.data();
}

PackedFile::PackedFile(std::string path, const StoreId& store, const ManifestSegment& listed,
                       std::shared_ptr<BlockCache> cache)
    : path_(std::move(path)),
      store_(store),
      number_(listed.number),
      end_(listed.end),
      cache_(std::move(cache)) {}

Error PackedFile::corrupt(std::uint64_t offset, const std::string& what) const {
  return {.code = ErrorCode::corrupt,
          .message = path_ + " at byte " + std::to_string(offset) + ": " + what,
          .place = Error::Place{path_, offset}};
}

Result<std::shared_ptr<const PackedFile>> PackedFile::open(FileSystem& files, std::string path,
                                                           const StoreId& store,
                                                           const ManifestSegment& listed,
                                                           std::shared_ptr<BlockCache> cache) {
  auto file = files.open(path, FileSystem::Mode::read);
  if (!file) return std::move(file).error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::shared_ptr<PackedFile> packed(
      new PackedFile(std::move(path), store, listed, std::move(cache)));
  if (*size < packed_format::header_bytes) {
    return packed->corrupt(*size, "the file ends in its header");
  }
  auto mapping = (*file)->map(*size);
  if (!mapping) return std::move(mapping).error();
  packed->file_ = std::move(*file);
  packed->mapping_ = std::move(*mapping);
  if (auto checked = packed->check_header(listed); !checked) return std::move(checked).error();
  return std::shared_ptr<const PackedFile>(std::move(packed));
}

Result<void> PackedFile::check_header(const ManifestSegment& listed) {
  const std::span<const std::byte> bytes = mapping_->bytes();
  const std::byte* const header = bytes.data();
  if (std::memcmp(header, packed_format::magic.data(), 8) != 0) {
    return corrupt(0, "this is no packed segment of annals");
  }
  if (load<std::uint32_t>(header + packed_format::crc_at) !=
      crc32c(0, bytes.first(packed_format::crc_at))) {
    return corrupt(0, "the header's checksum is wrong");
  }
  const auto format = load<std::uint32_t>(header + 8);
  if (format != packed_format::version ||
      load<std::uint32_t>(header + 12) != packed_format::header_bytes) {
    return Error{ErrorCode::unsupported,
                 path_ + ": format " + std::to_string(format) + "; this annals reads format 1"};
  }
  if (std::memcmp(header + 16, store_.bytes.data(), 16) != 0) {
    return corrupt(16, "this segment belongs to another store");
  }
  if (load<std::uint64_t>(header + 32) != listed.number ||
      load<std::uint64_t>(header + 40) != listed.first.value ||
      load<std::uint64_t>(header + 48) != listed.last.value ||
      load<std::uint64_t>(header + 56) != listed.end ||
      std::memcmp(header + 96, listed.link_after.bytes.data(), 32) != 0) {
    return corrupt(32, "the header and the MANIFEST disagree");
  }
  table_at_ = load<std::uint64_t>(header + 64);
  blocks_ = load<std::uint32_t>(header + 72);
  dictionary_bytes_ = load<std::uint32_t>(header + 76);
  dictionary_crc_ = load<std::uint32_t>(header + 80);
  table_crc_ = load<std::uint32_t>(header + 84);
  const std::uint64_t table_bytes = std::uint64_t{blocks_} * packed_format::entry_bytes;
  if (end_ == 0 || end_ > packed_format::segment_bytes_max || blocks_ == 0 || blocks_ > end_ ||
      table_at_ > bytes.size() || dictionary_bytes_ > bytes.size() ||
      packed_format::header_bytes + std::uint64_t{dictionary_bytes_} > table_at_) {
    return corrupt(56, "the header says what cannot be");
  }
  if (table_bytes != bytes.size() - table_at_) {
    return corrupt(bytes.size(), "the file is not as long as its header says");
  }
  return {};
}

PackedFile::Entry PackedFile::entry(std::uint32_t number) const {
  const std::byte* const at =
      mapping_->bytes().data() + table_at_ + std::uint64_t{number} * packed_format::entry_bytes;
  Entry entry;
  entry.offset = load<std::uint64_t>(at);
  entry.file_offset = load<std::uint64_t>(at + 8);
  entry.bytes = load<std::uint32_t>(at + 16);
  entry.crc = load<std::uint32_t>(at + 20);
  const bool last = number + 1 == blocks_;
  entry.size = (last ? end_ : load<std::uint64_t>(at + packed_format::entry_bytes)) - entry.offset;
  return entry;
}

Result<void> PackedFile::check_table() const {
  if (table_checked_.load(std::memory_order_acquire)) return {};
  const auto table = mapping_->bytes().subspan(table_at_);
  if (crc32c(packed_format::seed(store_, number_, table_at_, table.size()), table) != table_crc_) {
    return corrupt(table_at_, "the checksum of the table of blocks is wrong");
  }
  // Without gaps in the segment and in the file, so that nothing can be larger than they are.
  std::uint64_t offset = 0;
  std::uint64_t file_offset = packed_format::header_bytes + std::uint64_t{dictionary_bytes_};
  for (std::uint32_t number = 0; number < blocks_; ++number) {
    const Entry block = entry(number);
    if (block.offset != offset || block.size == 0 || block.size > end_ - offset ||
        block.file_offset != file_offset || block.bytes > table_at_ - file_offset) {
      return corrupt(table_at_ + std::uint64_t{number} * packed_format::entry_bytes,
                     "a block that cannot be");
    }
    offset += block.size;
    file_offset += block.bytes;
  }
  if (file_offset != table_at_) return corrupt(file_offset, "no block, and not the table");
  table_checked_.store(true, std::memory_order_release);
  return {};
}

Result<std::shared_ptr<const BlockDictionary>> PackedFile::dictionary() const {
  if (dictionary_bytes_ == 0) return std::shared_ptr<const BlockDictionary>();
  const BlockCache::Key key{number_, BlockCache::dictionary};
  if (cache_) {
    if (auto kept = cache_->find(key)) {
      return std::static_pointer_cast<const BlockDictionary>(kept);
    }
  }
  const auto bytes = mapping_->bytes().subspan(packed_format::header_bytes, dictionary_bytes_);
  if (crc32c(packed_format::seed(store_, number_, packed_format::header_bytes, bytes.size()),
             bytes) != dictionary_crc_) {
    return corrupt(packed_format::header_bytes, "the dictionary's checksum is wrong");
  }
  auto dictionary = BlockDictionary::make(bytes);
  if (dictionary == nullptr) return no_memory(path_, bytes.size());
  if (cache_) cache_->add(key, dictionary, dictionary->bytes());
  return dictionary;
}

Result<void> PackedFile::unpack(const Entry& entry, const BlockDictionary* dictionary,
                                std::span<std::byte> into) const {
  const auto bytes = mapping_->bytes().subspan(entry.file_offset, entry.bytes);
  if (crc32c(packed_format::seed(store_, number_, entry.file_offset, entry.bytes), bytes) !=
      entry.crc) {
    return corrupt(entry.file_offset, "a block's checksum is wrong");
  }
  if (!decompress_block(bytes, dictionary, into)) {
    return corrupt(entry.file_offset,
                   "a block does not hold the " + std::to_string(into.size()) + " bytes it should");
  }
  return {};
}

Result<std::shared_ptr<const PackedBlock>> PackedFile::block_holding(std::uint64_t offset) const {
  if (auto checked = check_table(); !checked) return std::move(checked).error();
  if (offset >= end_) return corrupt(table_at_, "nothing is at offset " + std::to_string(offset));
  std::uint32_t low = 0;  // The last block that begins at or before it.
  for (std::uint32_t high = blocks_; high - low > 1;) {
    const std::uint32_t middle = low + (high - low) / 2;
    (entry(middle).offset <= offset ? low : high) = middle;
  }
  const BlockCache::Key key{number_, low};
  if (cache_) {
    if (auto kept = cache_->find(key)) return std::static_pointer_cast<const PackedBlock>(kept);
  }
  const auto words = dictionary();
  if (!words) return words.error();
  const Entry entry = this->entry(low);
  auto block = std::make_shared<PackedBlock>();
  block->offset = entry.offset;
  block->size = entry.size;
  block->data = room_for(entry.size);
  if (block->data == nullptr) return no_memory(path_, entry.size);
  if (auto unpacked = unpack(entry, words->get(), {block->data.get(), block->size}); !unpacked) {
    return std::move(unpacked).error();
  }
  if (cache_) cache_->add(key, block, block->size);
  return std::shared_ptr<const PackedBlock>(std::move(block));
}

Result<std::shared_ptr<const PackedBlock>> PackedFile::whole() const {
  if (auto checked = check_table(); !checked) return std::move(checked).error();
  const auto words = dictionary();
  if (!words) return words.error();
  auto all = std::make_shared<PackedBlock>();
  all->size = end_;
  all->data = room_for(end_);
  if (all->data == nullptr) return no_memory(path_, end_);
  for (std::uint32_t number = 0; number < blocks_; ++number) {
    const Entry block = entry(number);
    auto unpacked = unpack(block, words->get(), {all->data.get() + block.offset, block.size});
    if (!unpacked) return std::move(unpacked).error();
  }
  return std::shared_ptr<const PackedBlock>(std::move(all));
}

Result<bool> PackedFile::equals(std::span<const std::byte> segment) const {
  if (auto checked = check_table(); !checked) return std::move(checked).error();
  const auto words = dictionary();
  if (!words) return words.error();
  if (segment.size() < end_) return false;
  std::vector<std::byte> bytes;
  for (std::uint32_t number = 0; number < blocks_; ++number) {
    const Entry block = entry(number);
    bytes.resize(block.size);
    if (auto unpacked = unpack(block, words->get(), bytes); !unpacked) {
      return std::move(unpacked).error();
    }
    if (std::memcmp(bytes.data(), segment.data() + block.offset, bytes.size()) != 0) return false;
  }
  return true;
}

}  // namespace annals::internal
