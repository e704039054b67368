#include "index_contents.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

namespace annals::internal {

namespace {

/// Where the header begins to tell of the contents: counts, and the range of append ids.
constexpr std::ptrdiff_t header_counts_at = 64;

void put_number(std::uint64_t number, std::string& into) {
  for (; number >= 0x80; number >>= 7U) into += static_cast<char>(number | 0x80U);
  into += static_cast<char>(number);
}

template <typename T>
void put(std::string& into, T value) {
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string text_of_appends(const MemoryPart& part) {
  std::string text;
  text.reserve(part.append_count() * index_format::append_bytes);
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
  using namespace index_format;
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

IndexContents::IndexContents(const StoreId& store_id, const IndexFile::Segment& segment,
                             const MemoryPart& part) {
  using namespace index_format;
  auto& texts = sections_;
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
  std::sort(all_keys.begin(), all_keys.end(), [](const auto& a, const auto& b) {
    return std::tie(a.hash, a.kind, a.name) < std::tie(b.hash, b.kind, b.name);
  });
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

  auto& header = header_;
  std::memcpy(header.data(), magic.data(), 8);
  store(header.data() + 8, version);
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
    offset += round_up_to_8(texts[i].size());
  }
  store(header.data() + header_bytes - 4,
        crc32c(0, std::span<const std::byte>(header).first(header_bytes - 4)));
}

Result<void> IndexContents::write(File& file) const {
  if (auto wrote = file.write_at(0, header_); !wrote) return wrote;
  std::uint64_t at = header_.size();
  for (const std::string& section : sections_) {
    if (section.empty()) continue;
    std::string filled = section;
    filled.resize(round_up_to_8(section.size()));
    if (auto wrote = file.write_at(at, bytes_of(filled)); !wrote) return wrote;
    at += filled.size();
  }
  return file.sync();
}

bool IndexContents::passes_over_as(const IndexFile& file) const {
  const auto header = file.bytes().first(index_format::header_bytes);
  const auto filter = file.believed_filter();
  const auto filter_here = bytes_of(sections_[index_format::filter]);
  return std::equal(header_.begin() + header_counts_at, header_.begin() + index_format::sections_at,
                    header.begin() + header_counts_at) &&
         (filter.empty() ||
          std::equal(filter.begin(), filter.end(), filter_here.begin(), filter_here.end()));
}

bool IndexContents::is(std::span<const std::byte> bytes) const {
  const auto goes_on_with = [&](std::span<const std::byte> part) {
    if (bytes.size() < part.size() || !std::equal(part.begin(), part.end(), bytes.begin())) {
      return false;
    }
    bytes = bytes.subspan(std::min(round_up_to_8(part.size()), bytes.size()));
    return true;
  };
  return goes_on_with(header_) &&
         std::all_of(sections_.begin(), sections_.end(),
                     [&](const std::string& section) { return goes_on_with(bytes_of(section)); });
}

}  // namespace annals::internal
