#include "index_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "bytes.hpp"
#include "crc32c.hpp"
#include "index_contents.hpp"

namespace annals::internal {

namespace {

/// Reads one of put_number's; false: the bytes end in it.
bool take_number(std::span<const std::byte>& from, std::uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (from.empty()) return false;
    const auto byte = std::to_integer<std::uint64_t>(from.front());
    from = from.subspan(1);
    number |= (byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

struct IndexFile::Key {
  KeyKind kind;
  std::string_view name;
  StreamVersion base;
  std::size_t count;
  std::span<const std::byte> postings;
};

std::string IndexFile::name_of(std::uint64_t segment) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "segment-%08llu.index",
                static_cast<unsigned long long>(segment));
  return name.data();
}

Result<void> IndexFile::write(FileSystem& files, const std::string& folder, const StoreId& store_id,
                              const Segment& segment, const MemoryPart& part) {
  const std::string path = folder + '/' + name_of(part.number());
  const std::string prepared = path + ".new";
  if (auto there = files.exists(prepared); !there) {
    return std::move(there).error();
  } else if (*there) {
    if (auto removed = files.remove(prepared); !removed) return removed;
  }
  const IndexContents contents(store_id, segment, part);
  const auto write_all = [&]() -> Result<void> {
    auto file = files.open(prepared, FileSystem::Mode::create_new);
    if (!file) return std::move(file).error();
    return contents.write(**file);
  };
  if (auto wrote = write_all(); !wrote) {
    (void)files.remove(prepared);
    return wrote;
  }
  if (auto renamed = files.rename(prepared, path); !renamed) return renamed;
  return files.sync_directory(folder);
}

Result<std::shared_ptr<const IndexFile>> IndexFile::open(FileSystem& files,
                                                         const std::string& folder,
                                                         const StoreId& store_id,
                                                         const Segment& segment, Rebuild rebuild,
                                                         bool unchecked) {
  using Opened = std::shared_ptr<const IndexFile>;
  const std::string path = folder + '/' + name_of(segment.number);
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return Opened();
  auto file = files.open(path, FileSystem::Mode::read);
  if (!file) return std::move(file).error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size < index_format::header_bytes) return Opened();
  std::shared_ptr<IndexFile> index(new IndexFile(segment, std::move(rebuild), unchecked));
  auto mapping = (*file)->map(*size);
  if (!mapping) return std::move(mapping).error();
  index->mapping_ = *std::move(mapping);
  if (!index->read_header(store_id)) return Opened();
  return Opened(std::move(index));
}

bool IndexFile::read_header(const StoreId& store_id) {
  using namespace index_format;
  const std::span<const std::byte> bytes = mapping_->bytes();
  const std::byte* const header = bytes.data();
  if (std::memcmp(header, magic.data(), 8) != 0 ||
      load<std::uint32_t>(header + header_bytes - 4) != crc32c(0, bytes.first(header_bytes - 4)) ||
      load<std::uint32_t>(header + 8) != version ||
      std::memcmp(header + 16, store_id.bytes.data(), 16) != 0 ||
      load<std::uint64_t>(header + 32) != segment_.number ||
      load<std::uint64_t>(header + 40) != segment_.first.value ||
      load<std::uint64_t>(header + 48) != segment_.last.value ||
      load<std::uint64_t>(header + 56) != segment_.end ||
      std::memcmp(header + link_at, segment_.link.bytes.data(), 32) != 0) {
    return false;
  }
  streams_begun_ = load<std::uint64_t>(header + 64);
  append_count_ = load<std::uint32_t>(header + 72);
  const auto key_count = load<std::uint32_t>(header + 76);
  std::memcpy(least_id_.bytes.data(), header + 80, 16);
  std::memcpy(greatest_id_.bytes.data(), header + 96, 16);
  for (std::size_t i = 0; i < section_count; ++i) {
    const std::byte* const entry = header + sections_at + i * section_entry_bytes;
    const auto offset = load<std::uint64_t>(entry);
    const auto count = load<std::uint64_t>(entry + 8);
    if (offset > bytes.size() || count > bytes.size() - offset) return false;
    sections_[i] = {bytes.subspan(offset, count), load<std::uint32_t>(entry + 16)};
  }
  const std::uint64_t records = segment_.last.value + 1 - segment_.first.value;
  return section(offsets).size() == records * 4 && append_count_ > 0 &&
         section(appends).size() == std::uint64_t{append_count_} * append_bytes &&
         section(id_hashes).size() == std::uint64_t{append_count_} * 8 &&
         section(id_ordinals).size() == std::uint64_t{append_count_} * 4 &&
         section(not_event_list).size() >= 4 && !section(filter).empty() &&
         section(filter).size() % filter_block_bytes == 0 &&
         section(key_hashes).size() == std::uint64_t{key_count} * 8 &&
         section(key_offsets).size() == std::uint64_t{key_count} * 4;
}

bool IndexFile::check(Section which) const {
  using namespace index_format;
  StoreId id;
  std::memcpy(id.bytes.data(), mapping_->bytes().data() + 16, 16);
  return unchecked_ || crc32c(seed_of(id, segment_.number), section(which)) == sections_[which].crc;
}

bool IndexFile::is_whole() const {
  using namespace index_format;
  for (std::size_t i = 0; i < section_count; ++i) {
    if (!check(static_cast<Section>(i))) return false;
  }
  return true;
}

std::span<const std::byte> IndexFile::believed_filter() const {
  using namespace index_format;
  return check(filter) ? section(filter) : std::span<const std::byte>();
}

bool IndexFile::filtered(std::uint64_t hash) const {
  using namespace index_format;
  Checked checked = filter_checked_.load(std::memory_order_acquire);
  if (checked == Checked::no) {
    checked = check(filter) ? Checked::good : Checked::bad;
    filter_checked_.store(checked, std::memory_order_release);
  }
  if (checked == Checked::bad) return true;
  const auto bits = section(filter);
  const std::byte* const block =
      bits.data() + place_of(hash, bits.size() / filter_block_bytes) * filter_block_bytes;
  for (unsigned word = 0; word < 8; ++word) {
    const auto value = load<std::uint64_t>(block + std::size_t{word} * 8);
    if ((value >> filter_bit(hash, word) & 1U) == 0) return false;
  }
  return true;
}

Result<void> IndexFile::ready() const {
  const Checked checked = checked_.load(std::memory_order_acquire);
  if (checked == Checked::good || rebuilt_.load(std::memory_order_acquire) != nullptr) return {};
  const std::lock_guard lock(rebuild_mutex_);
  if (rebuilt_part_ != nullptr) return {};
  if (checked == Checked::no) {
    const bool good = is_whole();
    checked_.store(good ? Checked::good : Checked::bad, std::memory_order_release);
    if (good) return {};
  }
  auto rebuilt = rebuild_();
  if (!rebuilt) return std::move(rebuilt).error();
  rebuilt_part_ = *std::move(rebuilt);
  rebuilt_.store(rebuilt_part_.get(), std::memory_order_release);
  return {};
}

bool IndexFile::read_key(std::size_t at, Key& key) const {
  using namespace index_format;
  const auto all = section(keys);
  if (at >= all.size()) return false;
  auto rest = all.subspan(at);
  key.kind = static_cast<KeyKind>(rest.front());
  rest = rest.subspan(1);
  std::uint64_t name_bytes = 0;
  if (!take_number(rest, name_bytes) || name_bytes > rest.size()) return false;
  key.name = text_of(rest.first(name_bytes));
  rest = rest.subspan(name_bytes);
  key.base = {};
  if (key.kind == KeyKind::stream && !take_number(rest, key.base.value)) return false;
  std::uint64_t count = 0;
  if (!take_number(rest, count) || count > segment_.last.value + 1 - segment_.first.value) {
    return false;
  }
  key.count = count;
  key.postings = rest;
  return true;
}

std::optional<IndexPart::Found> IndexFile::find(KeyKind kind, std::string_view name,
                                                const KeyHash& hash) const {
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->find(kind, name, hash);
  }
  using namespace index_format;
  const std::byte* const hashes = section(key_hashes).data();
  const std::size_t count = section(key_hashes).size() / 8;
  const auto hash_at = [&](std::size_t i) { return load<std::uint64_t>(hashes + i * 8); };
  // Hashes lie evenly, so the place of one is nearly known.
  std::size_t at = place_of(hash.low, count);
  std::size_t low = 0;
  std::size_t high = count;
  for (std::size_t step = 8; at < count && low < high; step *= 2) {
    if (hash_at(at) >= hash.low) {
      high = at;
      if (at == 0 || hash_at(at - std::min(at, step)) < hash.low) {
        low = at - std::min(at, step);
        break;
      }
      at -= std::min(at, step);
    } else {
      low = at + 1;
      if (at + step >= count) break;
      if (hash_at(at + step) >= hash.low) {
        high = at + step;
        break;
      }
      at += step;
    }
  }
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (hash_at(middle) < hash.low) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (; low < count && hash_at(low) == hash.low; ++low) {
    Key key{};
    if (!read_key(load<std::uint32_t>(section(key_offsets).data() + low * 4), key)) continue;
    if (key.kind != kind || key.name != name) continue;
    return Found{PostingList(key.postings, key.count), key.base};
  }
  return std::nullopt;
}

PostingList IndexFile::not_events() const {
  using namespace index_format;
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) return part->not_events();
  const auto bytes = section(not_event_list);
  return {bytes.subspan(4), load<std::uint32_t>(bytes.data())};
}

std::uint32_t IndexFile::offset(std::uint32_t position) const {
  using namespace index_format;
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->offset(position);
  }
  return load<std::uint32_t>(section(offsets).data() + std::size_t{position} * 4);
}

AppendSpot IndexFile::append(std::uint32_t ordinal) const {
  using namespace index_format;
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->append(ordinal);
  }
  const std::byte* const at = section(appends).data() + std::size_t{ordinal} * append_bytes;
  return {load<std::uint32_t>(at), load<std::uint32_t>(at + 4),
          Timestamp(std::chrono::microseconds(load<std::int64_t>(at + 8))),
          load<std::uint32_t>(at + 16)};
}

void IndexFile::appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const {
  using namespace index_format;
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->appends_with(id_hash, ordinals);
  }
  const std::byte* const hashes = section(id_hashes).data();
  std::size_t low = 0;
  std::size_t count = append_count_;
  while (count > 0) {
    const std::size_t half = count / 2;
    if (load<std::uint64_t>(hashes + (low + half) * 8) < id_hash) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  for (; low < append_count_ && load<std::uint64_t>(hashes + low * 8) == id_hash; ++low) {
    const auto ordinal = load<std::uint32_t>(section(id_ordinals).data() + low * 4);
    if (ordinal < append_count_) ordinals.push_back(ordinal);
  }
}

void IndexFile::each_stream(const EachStream& each) const {
  using namespace index_format;
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->each_stream(each);
  }
  const std::size_t count = section(key_offsets).size() / 4;
  Key key{};
  for (std::size_t i = 0; i < count; ++i) {
    if (!read_key(load<std::uint32_t>(section(key_offsets).data() + i * 4), key)) continue;
    if (key.kind == KeyKind::stream && key.count > 0) {
      each(key.name, key.base, {key.base.value + key.count - 1});
    }
  }
}

}  // namespace annals::internal
