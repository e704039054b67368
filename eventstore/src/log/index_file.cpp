#include "index_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "bytes.hpp"
#include "crc32c.hpp"

namespace annals::internal {

// Header: magic, u32 format, u32 header bytes, store, u64 segment, u64 first position, u64 last
// position, u64 end of the segment's frames, u64 streams begun, u32 appends, u32 keys, least and
// greatest append id, then at 128 {u64 offset, u64 bytes, u32 crc, u32 zero} for each section, at
// 384 the link of the last append, zeros, and at its end the checksum of all before it. A section's
// checksum is seeded with store and segment.
namespace {

constexpr std::array<char, 8> index_magic{'A', 'N', 'N', 'A', 'L', 'I', 'D', 'X'};
constexpr std::uint32_t index_format = 1;
constexpr std::size_t header_bytes = 512;
constexpr std::size_t sections_at = 128;
constexpr std::size_t section_entry_bytes = 24;
constexpr std::size_t link_at = 384;
constexpr std::size_t append_bytes = 24;

// The filter: blocks of 512 bits; a key sets one bit in each of a block's eight words. (F. Putze,
// P. Sanders, J. Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007.)
constexpr std::size_t filter_block_bytes = 64;
constexpr std::uint64_t filter_bits_per_key = 12;

// Where of `count` places evenly spread hashes put this one. REQUIRES: count < 2^32
std::uint64_t place_of(std::uint64_t hash, std::uint64_t count) {
  return ((hash >> 32U) * count) >> 32U;
}
unsigned filter_bit(std::uint64_t hash, unsigned word) {
  constexpr std::array<std::uint64_t, 8> odd{
      0x9E3779B97F4A7C15U, 0xC2B2AE3D27D4EB4FU, 0x165667B19E3779F9U, 0xD6E8FEB86659FD93U,
      0xA0761D6478BD642FU, 0xE7037ED1A0B428DBU, 0x8EBC6AF09C88C6E3U, 0x589965CC75374CC3U};
  return static_cast<unsigned>((hash * odd[word]) >> 58U);
}

std::uint32_t seed_of(const StoreId& store, std::uint64_t segment) {
  std::array<std::byte, 24> bytes;
  std::memcpy(bytes.data(), store.bytes.data(), 16);
  internal::store(bytes.data() + 16, segment);
  return crc32c(0x1DE8, bytes);
}

void put_number(std::uint64_t number, std::string& into) {
  for (; number >= 0x80; number >>= 7U) into += static_cast<char>(number | 0x80U);
  into += static_cast<char>(number);
}

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

template <typename T>
void put(std::string& into, T value) {
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string text_of_appends(const MemoryPart& part) {
  std::string text;
  text.reserve(part.append_count() * append_bytes);
  for (const AppendSpot& spot : part.appends()) {
    put(text, spot.first);
    put(text, spot.offset);
    put(text, static_cast<std::int64_t>(spot.recorded_at.time_since_epoch().count()));
    put(text, spot.check);
    put(text, std::uint32_t{0});
  }
  return text;
}

std::string text_of_filter(const std::vector<MemoryPart::Key>& keys,
                           const std::vector<std::pair<std::uint64_t, std::uint32_t>>& ids) {
  const std::uint64_t bits = (keys.size() + ids.size()) * filter_bits_per_key;
  const std::uint64_t blocks = std::max<std::uint64_t>(1, (bits + 511) / 512);
  std::vector<std::uint64_t> words(blocks * 8);
  const auto set = [&](std::uint64_t hash) {
    const std::uint64_t block = place_of(hash, blocks);
    for (unsigned word = 0; word < 8; ++word) {
      words[block * 8 + word] |= std::uint64_t{1} << filter_bit(hash, word);
    }
  };
  for (const auto& key : keys) set(key.hash);
  for (const auto& [hash, ordinal] : ids) set(hash);
  return {reinterpret_cast<const char*>(words.data()), words.size() * 8};
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
  std::array<std::string, section_count> texts;
  texts[offsets].assign(reinterpret_cast<const char*>(part.offsets().data()),
                        part.offsets().size() * 4);
  texts[appends] = text_of_appends(part);
  auto ids = part.ids();
  std::sort(ids.begin(), ids.end());
  for (const auto& [hash, ordinal] : ids) {
    put(texts[id_hashes], hash);
    put(texts[id_ordinals], ordinal);
  }
  const PostingList holes = part.not_events();
  std::vector<std::uint32_t> hole_positions;
  for (std::size_t i = 0; i < holes.size(); ++i) hole_positions.push_back(holes.at(i));
  put(texts[not_event_list], static_cast<std::uint32_t>(holes.size()));
  PostingList::pack(hole_positions, texts[not_event_list]);

  auto all_keys = part.keys();
  std::sort(all_keys.begin(), all_keys.end(),
            [](const auto& a, const auto& b) { return a.hash < b.hash; });
  texts[filter] = text_of_filter(all_keys, ids);
  for (const MemoryPart::Key& key : all_keys) {
    put(texts[key_hashes], key.hash);
    put(texts[key_offsets], static_cast<std::uint32_t>(texts[keys].size()));
    std::string& text = texts[keys];
    text += static_cast<char>(key.kind);
    put_number(key.name.size(), text);
    text += key.name;
    if (key.kind == KeyKind::stream) put_number(key.base.value, text);
    put_number(key.positions.size(), text);
    PostingList::pack(key.positions, text);
  }

  std::array<std::byte, header_bytes> header{};
  std::memcpy(header.data(), index_magic.data(), 8);
  store(header.data() + 8, index_format);
  store(header.data() + 12, static_cast<std::uint32_t>(header_bytes));
  std::memcpy(header.data() + 16, store_id.bytes.data(), 16);
  store(header.data() + 32, part.number());
  store(header.data() + 40, part.first().value);
  store(header.data() + 48, part.last().value);
  store(header.data() + 56, segment.end);
  store(header.data() + 64, part.streams_begun());
  store(header.data() + 72, part.append_count());
  store(header.data() + 76, static_cast<std::uint32_t>(all_keys.size()));
  const auto [least, greatest] = part.id_range();
  std::memcpy(header.data() + 80, least.bytes.data(), 16);
  std::memcpy(header.data() + 96, greatest.bytes.data(), 16);
  std::memcpy(header.data() + link_at, segment.link.bytes.data(), 32);
  std::uint64_t offset = header_bytes;
  const std::uint32_t seed = seed_of(store_id, part.number());
  for (std::size_t i = 0; i < section_count; ++i) {
    std::byte* const entry = header.data() + sections_at + i * section_entry_bytes;
    store(entry, offset);
    store(entry + 8, static_cast<std::uint64_t>(texts[i].size()));
    store(entry + 16, crc32c(seed, bytes_of(texts[i])));
    texts[i].append(round_up_to_8(texts[i].size()) - texts[i].size(), '\0');
    offset += texts[i].size();
  }
  store(header.data() + header_bytes - 4,
        crc32c(0, std::span<const std::byte>(header).first(header_bytes - 4)));

  const std::string path = folder + '/' + name_of(part.number());
  const std::string prepared = path + ".new";
  if (auto there = files.exists(prepared); !there) {
    return std::move(there).error();
  } else if (*there) {
    if (auto removed = files.remove(prepared); !removed) return removed;
  }
  const auto write_all = [&]() -> Result<void> {
    auto file = files.open(prepared, FileSystem::Mode::create_new);
    if (!file) return std::move(file).error();
    if (auto wrote = (*file)->write_at(0, header); !wrote) return wrote;
    std::uint64_t at = header_bytes;
    for (const std::string& text : texts) {
      if (text.empty()) continue;
      if (auto wrote = (*file)->write_at(at, bytes_of(text)); !wrote) return wrote;
      at += text.size();
    }
    return (*file)->sync();
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
  if (*size < header_bytes) return Opened();
  std::shared_ptr<IndexFile> index(new IndexFile(segment, std::move(rebuild), unchecked));
  auto mapping = (*file)->map(*size);
  if (!mapping) return std::move(mapping).error();
  index->mapping_ = *std::move(mapping);
  if (!index->read_header(store_id)) return Opened();
  return Opened(std::move(index));
}

bool IndexFile::read_header(const StoreId& store_id) {
  const std::span<const std::byte> bytes = mapping_->bytes();
  const std::byte* const header = bytes.data();
  if (std::memcmp(header, index_magic.data(), 8) != 0 ||
      load<std::uint32_t>(header + header_bytes - 4) != crc32c(0, bytes.first(header_bytes - 4)) ||
      load<std::uint32_t>(header + 8) != index_format ||
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
  StoreId id;
  std::memcpy(id.bytes.data(), mapping_->bytes().data() + 16, 16);
  return unchecked_ || crc32c(seed_of(id, segment_.number), section(which)) == sections_[which].crc;
}

bool IndexFile::filtered(std::uint64_t hash) const {
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
    bool good = true;
    for (std::size_t i = 0; i < section_count && good; ++i) good = check(static_cast<Section>(i));
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
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) return part->not_events();
  const auto bytes = section(not_event_list);
  return {bytes.subspan(4), load<std::uint32_t>(bytes.data())};
}

std::uint32_t IndexFile::offset(std::uint32_t position) const {
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->offset(position);
  }
  return load<std::uint32_t>(section(offsets).data() + std::size_t{position} * 4);
}

AppendSpot IndexFile::append(std::uint32_t ordinal) const {
  if (const MemoryPart* part = rebuilt_.load(std::memory_order_acquire)) {
    return part->append(ordinal);
  }
  const std::byte* const at = section(appends).data() + std::size_t{ordinal} * append_bytes;
  return {load<std::uint32_t>(at), load<std::uint32_t>(at + 4),
          Timestamp(std::chrono::microseconds(load<std::int64_t>(at + 8))),
          load<std::uint32_t>(at + 16)};
}

void IndexFile::appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const {
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
