#include "memory_part.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <annals/eventstore/assert.hpp>

namespace annals::internal {

// Two positions have room in the entry itself: most streams and tags have no more in one segment.
// The hash tells names apart; the name is there to be written down.
struct MemoryPart::Entry {
  static constexpr std::size_t inline_max = 2;

  KeyHash hash;
  std::uint64_t base;
  std::uint32_t count;
  std::array<std::uint32_t, inline_max> positions;  // Or the number of its list, in the first.
  std::uint16_t name_bytes;
  KeyKind kind;

  const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view name() const { return {text(), name_bytes}; }
};

namespace {

constexpr unsigned tag_shift = 48;
constexpr std::uint64_t pointer_mask = (std::uint64_t{1} << tag_shift) - 1;
constexpr std::size_t arena_block_max = 1024 * 1024;

}  // namespace

MemoryPart::MemoryPart(std::uint64_t number, GlobalPosition first, const KeyHasher& hasher)
    : number_(number), first_(first), hasher_(hasher), slots_(16), ids_(16) {}
MemoryPart::~MemoryPart() = default;

std::byte* MemoryPart::allocate(std::size_t bytes) {
  bytes = (bytes + 7) & ~std::size_t{7};
  if (bytes > arena_left_) {
    const std::size_t block = std::max(
        bytes,
        std::min(arena_block_max, std::size_t{1024} << std::min<std::size_t>(arena_.size(), 10)));
    arena_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    arena_at_ = arena_.back().get();
    arena_left_ = block;
  }
  std::byte* const at = arena_at_;
  arena_at_ += bytes;
  arena_left_ -= bytes;
  return at;
}

MemoryPart::Entry* MemoryPart::find_entry(KeyKind kind, const KeyHash& hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash.low & mask;; i = (i + 1) & mask) {
    const Slot slot = slots_[i];
    if (slot == 0) return nullptr;
    if (slot >> tag_shift != hash.low >> tag_shift) continue;
    auto* const found = reinterpret_cast<Entry*>(slot & pointer_mask);
    if (found->hash == hash && found->kind == kind) return found;
  }
}

/// `stream_or_name`: of a category any stream in it. Looked at only if the entry is new.
MemoryPart::Entry& MemoryPart::entry(KeyKind kind, const KeyHash& hash,
                                     std::string_view stream_or_name) {
  if (Entry* const found = find_entry(kind, hash)) return *found;
  const std::string_view name =
      kind == KeyKind::category ? category_of(stream_or_name) : stream_or_name;
  if ((entries_ + 1) * 3 > slots_.size() * 2) grow_slots();
  auto* const made = new (allocate(sizeof(Entry) + name.size()))
      Entry{hash, 0, 0, {}, static_cast<std::uint16_t>(name.size()), kind};
  std::memcpy(reinterpret_cast<char*>(made + 1), name.data(), name.size());
  const auto address = reinterpret_cast<std::uint64_t>(made);
  ANNALS_ASSERT((address & ~pointer_mask) == 0, "an address of more than 48 bits");
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash.low & mask;
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = (hash.low >> tag_shift) << tag_shift | address;
  ++entries_;
  return *made;
}

void MemoryPart::prefetch_slots(const RecordKeys& record) const {
  const std::size_t mask = slots_.size() - 1;
  __builtin_prefetch(&slots_[record.stream_hash.low & mask]);
  for (const KeyHash& hash : record.tag_hashes) __builtin_prefetch(&slots_[hash.low & mask]);
}

void MemoryPart::prefetch_entries(const RecordKeys& record) const {
  const std::size_t mask = slots_.size() - 1;
  const auto prefetch = [&](std::uint64_t hash) {
    const Slot slot = slots_[hash & mask];
    if (slot >> tag_shift != hash >> tag_shift) return;
    __builtin_prefetch(reinterpret_cast<const Entry*>(slot & pointer_mask));
  };
  prefetch(record.stream_hash.low);
  for (const KeyHash& hash : record.tag_hashes) prefetch(hash.low);
}

void MemoryPart::grow_slots() {
  std::vector<Slot> larger(slots_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (const Slot slot : slots_) {
    if (slot == 0) continue;
    std::size_t i = reinterpret_cast<const Entry*>(slot & pointer_mask)->hash.low & mask;
    while (larger[i] != 0) i = (i + 1) & mask;
    larger[i] = slot;
  }
  slots_ = std::move(larger);
}

std::span<const std::uint32_t> MemoryPart::positions_of(const Entry& entry) const {
  if (entry.count <= Entry::inline_max) return {entry.positions.data(), entry.count};
  return lists_[entry.positions[0]];
}

void MemoryPart::post(Entry& entry, std::uint32_t position) {
  if (entry.count < Entry::inline_max) {
    entry.positions[entry.count] = position;
  } else {
    if (entry.count == Entry::inline_max) {
      auto& list = lists_.emplace_back();
      list.reserve(4);
      list.assign(entry.positions.begin(), entry.positions.end());
      entry.positions[0] = static_cast<std::uint32_t>(lists_.size() - 1);
    }
    lists_[entry.positions[0]].push_back(position);
  }
  ++entry.count;
}

void MemoryPart::add(const RecordKeys& record) {
  const std::uint32_t position = records_++;
  if (!record.event) {
    not_events_.push_back(position);
    return;
  }
  Entry& stream = entry(KeyKind::stream, record.stream_hash, record.stream);
  if (stream.count == 0) {
    stream.base = record.version.value;
    if (stream.base == 0) ++streams_begun_;
  }
  ANNALS_ASSERT(record.version.value == stream.base + stream.count,
                "version " + to_string(record.version) + " of a stream that should go on with " +
                    std::to_string(stream.base + stream.count));
  post(stream, position);
  if (last_category_ == nullptr || last_category_->hash != record.category_hash) {
    last_category_ = &entry(KeyKind::category, record.category_hash, record.stream);
  }
  post(*last_category_, position);
  if (last_type_ == nullptr || last_type_->hash != record.type_hash) {
    last_type_ = &entry(KeyKind::type, record.type_hash, record.type);
  }
  post(*last_type_, position);
  for (std::size_t i = 0; i < record.tags.size(); ++i) {
    post(entry(KeyKind::tag, record.tag_hashes[i], record.tags[i]), position);
  }
}

void MemoryPart::add(const AppendEntry& append, std::uint32_t offset, std::uint32_t check,
                     std::span<const RecordKeys> records) {
  ANNALS_ASSERT(append.first.value == last().value + 1,
                "append at " + to_string(append.first) + " after " + to_string(last()));
  ANNALS_ASSERT(append.count > 0 && records.size() == append.count,
                std::to_string(records.size()) + " records, count " + std::to_string(append.count));
  if (appends_.empty()) {
    least_id_ = greatest_id_ = append.id;
  } else {
    least_id_ = std::min(least_id_, append.id);
    greatest_id_ = std::max(greatest_id_, append.id);
  }
  appends_.push_back({records_, offset, append.recorded_at, check});
  if (appends_.size() * 3 > ids_.size() * 2) grow_ids();
  const std::uint64_t hash = hasher_(append.id);
  const std::size_t mask = ids_.size() - 1;
  std::size_t i = hash & mask;
  while (ids_[i].ordinal_plus_1 != 0) i = (i + 1) & mask;
  ids_[i] = {hash, static_cast<std::uint32_t>(appends_.size())};
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + prefetch_far < records.size()) prefetch_slots(records[i + prefetch_far]);
    if (i + prefetch_near < records.size()) prefetch_entries(records[i + prefetch_near]);
    offsets_.push_back(records[i].offset);
    add(records[i]);
  }
}

void MemoryPart::grow_ids() {
  std::vector<IdSlot> larger(ids_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (const IdSlot& slot : ids_) {
    if (slot.ordinal_plus_1 == 0) continue;
    std::size_t i = slot.hash & mask;
    while (larger[i].ordinal_plus_1 != 0) i = (i + 1) & mask;
    larger[i] = slot;
  }
  ids_ = std::move(larger);
}

std::optional<IndexPart::Found> MemoryPart::find(KeyKind kind, std::string_view,
                                                 const KeyHash& hash) const {
  const Entry* const found = find_entry(kind, hash);
  if (found == nullptr) return std::nullopt;
  return Found{PostingList(positions_of(*found)), {found->base}};
}

std::optional<StreamVersion> MemoryPart::last_version(const KeyHash& stream) const {
  const Entry* const found = find_entry(KeyKind::stream, stream);
  if (found == nullptr) return std::nullopt;
  return StreamVersion{found->base + found->count - 1};
}

void MemoryPart::appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const {
  const std::size_t mask = ids_.size() - 1;
  for (std::size_t i = id_hash & mask; ids_[i].ordinal_plus_1 != 0; i = (i + 1) & mask) {
    if (ids_[i].hash == id_hash) ordinals.push_back(ids_[i].ordinal_plus_1 - 1);
  }
}

void MemoryPart::each_stream(const EachStream& each) const {
  for (const Slot slot : slots_) {
    if (slot == 0) continue;
    const auto& found = *reinterpret_cast<const Entry*>(slot & pointer_mask);
    if (found.kind == KeyKind::stream)
      each(found.name(), {found.base}, {found.base + found.count - 1});
  }
}

std::vector<MemoryPart::Key> MemoryPart::keys() const {
  std::vector<Key> keys;
  keys.reserve(entries_);
  for (const Slot slot : slots_) {
    if (slot == 0) continue;
    const auto& found = *reinterpret_cast<const Entry*>(slot & pointer_mask);
    keys.push_back({found.kind, found.hash.low, found.name(), {found.base}, positions_of(found)});
  }
  return keys;
}

std::vector<std::pair<std::uint64_t, std::uint32_t>> MemoryPart::ids() const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ids;
  ids.reserve(appends_.size());
  for (const IdSlot& slot : ids_) {
    if (slot.ordinal_plus_1 != 0) ids.emplace_back(slot.hash, slot.ordinal_plus_1 - 1);
  }
  return ids;
}

}  // namespace annals::internal
