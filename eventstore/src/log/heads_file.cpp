#include "heads_file.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <span>

#include <annals/eventstore/assert.hpp>

#include "bytes.hpp"
#include "crc32c.hpp"
#include "log_format.hpp"

namespace annals::internal {

// Page 0: magic, u32 format, u32 partitions, store; at 64 the state {u32 crc of the rest of it, u32
// closed, u64 era, 64 bytes boot, 64 bytes identity of the file, u64 applied, link}, written when
// the store is opened or closed; at 512 a u64, the position applied by now. From 4,096 on the
// directory: for each partition a u64, the offset of its region / 128 and, in the low byte, the
// power of its size; then for each a u32, its entries. The first 64 KiB hold all of this; regions
// follow. Numbers that change alone have 16 bits of checksum in front; an entry has a checksum, and
// is free if it is all zeros.
struct HeadsFile::Entry {
  std::uint64_t low;
  std::uint64_t high;
  std::uint64_t end;  // The last version + 1.
  std::uint32_t part;
  std::uint32_t check;

  std::uint32_t right_check() const {
    return crc32c(0x4EAD, {reinterpret_cast<const std::byte*>(this), sizeof(Entry) - 4});
  }
  bool is_free() const { return (low | high | end | part | check) == 0; }
};

namespace {

constexpr std::array<char, 8> heads_magic{'A', 'N', 'N', 'A', 'L', 'H', 'D', 'S'};
constexpr std::uint32_t heads_format = 1;
constexpr std::size_t partition_count = 4096;  // As many as HeadsFile counts.
constexpr std::size_t state_at = 64;
constexpr std::size_t state_bytes = 192;
constexpr std::size_t name_bytes = 64;
constexpr std::size_t applied_at = 512;
constexpr std::size_t directory_at = 4096;
constexpr std::size_t counts_at = directory_at + partition_count * 8;
constexpr std::size_t prologue_bytes = 64 * 1024;
static_assert(counts_at + partition_count * 4 <= prologue_bytes);
constexpr std::uint64_t region_unit = 128;
constexpr unsigned first_power = 2;
constexpr std::uint64_t extent_bytes_min = 256 * 1024;
constexpr std::uint64_t extent_bytes_max = 64 * 1024 * 1024;
constexpr std::uint64_t extent_unit = 64 * 1024;

std::size_t partition_of(const KeyHash& hash) { return hash.high >> 52U; }
unsigned power_of(std::uint64_t region) { return static_cast<unsigned>(region & 0xFFU); }
std::uint64_t offset_of(std::uint64_t region) { return (region >> 8U) * region_unit; }

// 48 bits and a checksum of them, so that they are written in one step.
constexpr unsigned guard_shift = 48;
constexpr std::uint64_t guarded_max = (std::uint64_t{1} << guard_shift) - 1;
std::uint64_t guarded(std::uint64_t value) {
  const std::uint32_t crc = crc32c(0x6A4D, std::as_bytes(std::span(&value, 1)));
  return static_cast<std::uint64_t>(crc & 0xFFFFU) << guard_shift | value;
}
std::optional<std::uint64_t> unguarded(std::uint64_t stored) {
  const std::uint64_t value = stored & guarded_max;
  if (stored == 0) return 0;
  if (guarded(value) != stored) return std::nullopt;
  return value;
}

// A process may be killed between any two stores, and the next one finds them in this order.
template <typename T>
void store_in_order(T& to, T value) {
  std::atomic_ref(to).store(value, std::memory_order_release);
}

void put_name(std::byte* to, const std::string& name) {
  std::memset(to, 0, name_bytes);
  std::memcpy(to, name.data(), std::min(name.size(), name_bytes));
}
bool has_name(const std::byte* at, const std::string& name) {
  std::array<std::byte, name_bytes> wanted{};
  std::memcpy(wanted.data(), name.data(), std::min(name.size(), name_bytes));
  return std::memcmp(at, wanted.data(), name_bytes) == 0;
}

}  // namespace

std::unique_ptr<HeadsFile> HeadsFile::open(FileSystem& files, const std::string& folder,
                                           const Trust& trust) {
  std::unique_ptr<HeadsFile> heads(new HeadsFile);
  heads->path_ = folder + '/' + format::heads_name;
  heads->store_ = trust.store;
  heads->era_ = trust.era;
  heads->boot_ = trust.boot;
  if (heads->open_existing(files, trust)) return heads;
  heads->file_.reset();
  heads->extents_.clear();
  heads->next_free_ = 0;
  heads->applied_ = {};
  if (!heads->make(files, trust)) {
    heads->file_.reset();
    heads->extents_.clear();
    heads->broken_ = true;
  }
  return heads;
}

bool HeadsFile::open_existing(FileSystem& files, const Trust& trust) {
  const auto there = files.exists(path_);
  if (!there || !*there) return false;
  auto file = files.open(path_, FileSystem::Mode::read_write);
  if (!file) return false;
  file_ = *std::move(file);
  const auto size = file_->size();
  const auto identity = file_->identity();
  if (!size || *size < prologue_bytes || *size % extent_unit != 0 || !identity) return false;
  identity_ = *identity;
  // Regions never cross from one extent to the next, but which those were need not be known: one
  // mapping holds all that is there.
  if (!map_extent(*size)) return false;
  next_free_ = *size;
  std::byte* const page = extents_.front().mapping->bytes().data();
  const std::byte* const state = page + state_at;
  if (std::memcmp(page, heads_magic.data(), 8) != 0 ||
      load<std::uint32_t>(page + 8) != heads_format ||
      load<std::uint32_t>(page + 12) != partition_count ||
      std::memcmp(page + 16, store_.bytes.data(), 16) != 0) {
    return false;
  }
  const bool whole = load<std::uint32_t>(state) ==
                     crc32c(0, std::span<const std::byte>(state + 4, state_bytes - 4));
  const bool closed = load<std::uint32_t>(state + 4) != 0;
  const auto applied = closed ? std::optional(load<std::uint64_t>(state + 144))
                              : unguarded(load<std::uint64_t>(page + applied_at));
  applied_ = {applied.value_or(0)};
  bool good = whole && applied && load<std::uint64_t>(state + 8) == era_.value &&
              (has_name(state + 80, identity_) || trust.copies) && applied_ <= trust.head;
  if (good && closed) {
    const auto link = trust.link_at(applied_);
    good = link && std::memcmp(state + 152, link->bytes.data(), 32) == 0;
  } else if (good) {
    good = has_name(state + 16, boot_);
  }
  if (!good && !(trust.everything && applied_ <= trust.head)) return false;
  for (std::size_t i = 0; i < partition_count; ++i) {
    const auto stored = unguarded(directory()[i]);
    if (!stored) return false;
    const std::uint64_t region = *stored;
    if (region == 0) continue;
    if (power_of(region) >= 32 || offset_of(region) < prologue_bytes || offset_of(region) > *size ||
        sizeof(Entry) << power_of(region) > *size - offset_of(region)) {
      return false;
    }
  }
  // Before anything in it changes: after a power loss what is there now must not be believed.
  set_applied(applied_);
  write_state(false, {});
  return file_->sync().has_value();
}

bool HeadsFile::make(FileSystem& files, const Trust&) {
  const auto there = files.exists(path_);
  if (!there || (*there && !files.remove(path_))) return false;
  auto file = files.open(path_, FileSystem::Mode::create_new);
  if (!file) return false;
  file_ = *std::move(file);
  const auto identity = file_->identity();
  if (!identity || !map_extent(extent_bytes_min)) return false;
  identity_ = *identity;
  next_free_ = prologue_bytes;
  std::byte* const page = extents_.front().mapping->bytes().data();
  std::memcpy(page, heads_magic.data(), 8);
  store(page + 8, heads_format);
  store(page + 12, static_cast<std::uint32_t>(partition_count));
  std::memcpy(page + 16, store_.bytes.data(), 16);
  write_state(false, {});
  for (auto& counted : counted_) counted = Counted::whole;
  return true;
}

void HeadsFile::write_state(bool closed, const Link& link) {
  std::array<std::byte, state_bytes> state{};
  store(state.data() + 4, std::uint32_t{closed ? 1U : 0U});
  store(state.data() + 8, std::uint64_t{era_.value});
  put_name(state.data() + 16, boot_);
  put_name(state.data() + 80, identity_);
  store(state.data() + 144, applied_.value);
  std::memcpy(state.data() + 152, link.bytes.data(), 32);
  store(state.data(), crc32c(0, std::span<const std::byte>(state).subspan(4)));
  std::memcpy(extents_.front().mapping->bytes().data() + state_at, state.data(), state.size());
}

bool HeadsFile::map_extent(std::uint64_t bytes) {
  const std::uint64_t offset =
      extents_.empty() ? 0 : extents_.back().offset + extents_.back().bytes;
  const auto size = file_->size();
  if (!size) return false;
  if (*size < offset + bytes && !file_->allocate(offset + bytes)) return false;
  auto mapping = file_->map_writable(offset, bytes);
  if (!mapping) return false;
  extents_.push_back({offset, bytes, *std::move(mapping)});
  return true;
}

std::uint64_t* HeadsFile::directory() const {
  return reinterpret_cast<std::uint64_t*>(extents_.front().mapping->bytes().data() + directory_at);
}
std::uint32_t* HeadsFile::counts() const {
  return reinterpret_cast<std::uint32_t*>(extents_.front().mapping->bytes().data() + counts_at);
}

HeadsFile::Entry* HeadsFile::entries_of(std::uint64_t region) const {
  const std::uint64_t offset = offset_of(region);
  const auto beyond =
      std::upper_bound(extents_.begin(), extents_.end(), offset,
                       [](std::uint64_t at, const Extent& extent) { return at < extent.offset; });
  const Extent& extent = *std::prev(beyond);
  const std::uint64_t bytes = sizeof(Entry) << power_of(region);
  if (region == 0 || offset - extent.offset > extent.bytes ||
      bytes > extent.bytes - (offset - extent.offset)) {
    return nullptr;
  }
  return reinterpret_cast<Entry*>(extent.mapping->bytes().data() + (offset - extent.offset));
}

HeadsFile::Entry* HeadsFile::look_up(std::uint64_t region, const KeyHash& stream,
                                     bool& damaged) const {
  Entry* const entries = entries_of(region);
  if (entries == nullptr) return nullptr;
  const std::uint64_t mask = (std::uint64_t{1} << power_of(region)) - 1;
  std::uint64_t at = stream.low & mask;
  for (std::uint64_t looked = 0; looked <= mask; ++looked, at = (at + 1) & mask) {
    Entry& entry = entries[at];
    const bool same = entry.low == stream.low && entry.high == stream.high;
    if (entry.is_free()) return &entry;
    if (entry.check != entry.right_check()) damaged = true;
    if (same) return &entry;
  }
  return nullptr;
}

bool HeadsFile::is_whole(std::size_t partition, std::uint64_t region) const {
  Counted counted = counted_[partition].load(std::memory_order_acquire);
  if (counted == Counted::no) {
    std::uint64_t right = 0;
    const Entry* const entries = entries_of(region);
    for (std::uint64_t i = 0; entries != nullptr && i < std::uint64_t{1} << power_of(region); ++i) {
      if (entries[i].is_free()) continue;
      bool damaged = partition_of({entries[i].low, entries[i].high}) != partition;
      const bool found = look_up(region, {entries[i].low, entries[i].high}, damaged) == &entries[i];
      right += found && !damaged ? 1 : 0;
    }
    // One more than were counted: the process ended before it counted the last one. Any other
    // number means that entries or the count itself have changed; and a region is never empty.
    const std::atomic_ref count(counts()[partition]);  // Readers may come here side by side.
    const std::uint64_t was = count.load(std::memory_order_relaxed);
    const bool whole = right > 0 && (right == was || right == was + 1);
    if (whole) count.store(static_cast<std::uint32_t>(right), std::memory_order_relaxed);
    counted = whole ? Counted::whole : Counted::damaged;
    counted_[partition].store(counted, std::memory_order_release);
  }
  return counted == Counted::whole;
}

Heads::Found HeadsFile::find(const KeyHash& stream) const {
  if (broken_) {
    if (const auto found = in_memory_.find(stream); found != in_memory_.end()) {
      return {Found::What::head, found->second};
    }
  }
  if (extents_.empty()) return {};
  const std::size_t partition = partition_of(stream);
  const auto region = unguarded(directory()[partition]);
  if (!region) return {Found::What::damage};
  if (*region == 0) return counts()[partition] == 0 ? Found{} : Found{Found::What::damage};
  if (!is_whole(partition, *region)) return {Found::What::damage};
  bool damaged = false;
  const Entry* const entry = look_up(*region, stream, damaged);
  if (damaged || entry == nullptr) return {Found::What::damage};
  if (entry->is_free()) return {};
  return {Found::What::head, {{entry->end - 1}, entry->part}};
}

void HeadsFile::prefetch(const KeyHash& stream) const {
  if (extents_.empty()) return;
  const std::uint64_t region = directory()[partition_of(stream)] & guarded_max;
  if (region == 0) return;
  const std::uint64_t mask = (std::uint64_t{1} << power_of(region)) - 1;
  __builtin_prefetch(entries_of(region) + (stream.low & mask));
}

void HeadsFile::raise(const KeyHash& stream, const Head& head) {
  if (const auto known = in_memory_.find(stream); known != in_memory_.end()) {
    if (head.last > known->second.last) known->second = head;
    return;
  }
  const auto put = [&](Entry& entry) {
    entry.low = stream.low;
    entry.high = stream.high;
    entry.part = static_cast<std::uint32_t>(head.part);
    entry.end = head.last.value + 1;
    entry.check = entry.right_check();
  };
  const std::size_t partition = partition_of(stream);
  const auto stored = extents_.empty() ? std::nullopt : unguarded(directory()[partition]);
  if (stored) {
    bool damaged = false;
    Entry* entry = look_up(*stored, stream, damaged);
    if (entry != nullptr && !entry->is_free()) {
      // One that is damaged is written anew: what is raised is never older than what it was.
      if (entry->check != entry->right_check() || head.last.value + 1 > entry->end) put(*entry);
      return;
    }
    // A quarter stays free.
    const std::uint64_t capacity = *stored == 0 ? 0 : std::uint64_t{1} << power_of(*stored);
    if (entry == nullptr || (std::uint64_t{counts()[partition]} + 1) * 4 > capacity * 3) {
      entry =
          grow(partition) ? look_up(*unguarded(directory()[partition]), stream, damaged) : entry;
    }
    if (entry != nullptr) {
      put(*entry);
      ++counts()[partition];
      return;
    }
  }
  // No room in the file.
  fail();
  in_memory_.emplace(stream, head);
}

void HeadsFile::fail() {
  if (std::exchange(broken_, true) || extents_.empty()) return;
  // Whoever opens it next finds a state that does not check, and makes it anew.
  store_in_order(
      *reinterpret_cast<std::uint32_t*>(extents_.front().mapping->bytes().data() + state_at),
      ~load<std::uint32_t>(extents_.front().mapping->bytes().data() + state_at));
}

std::uint64_t HeadsFile::allocate(unsigned power) {
  auto& reusable = free_regions_[power];
  if (!reusable.empty()) {
    const std::uint64_t region = reusable.back();
    reusable.pop_back();
    return region;
  }
  const std::uint64_t bytes = sizeof(Entry) << power;
  const Extent* last = &extents_.back();
  if (next_free_ + bytes > last->offset + last->bytes) {
    const std::uint64_t total = last->offset + last->bytes;
    std::uint64_t wanted =
        std::max(bytes, std::clamp(total / 2, extent_bytes_min, extent_bytes_max));
    wanted = (wanted + extent_unit - 1) / extent_unit * extent_unit;
    if (!map_extent(wanted)) return 0;
    next_free_ = extents_.back().offset;
  }
  const std::uint64_t region = next_free_ / region_unit << 8U | power;
  next_free_ += bytes;
  return region;
}

bool HeadsFile::grow(std::size_t partition) {
  const std::uint64_t old = *unguarded(directory()[partition]);
  const unsigned power = old == 0 ? first_power : power_of(old) + 1;
  if (power >= free_regions_.size()) return false;
  const std::uint64_t region = allocate(power);
  if (region == 0 || region > guarded_max) return false;
  Entry* const entries = entries_of(region);
  const std::uint64_t mask = (std::uint64_t{1} << power) - 1;
  std::memset(static_cast<void*>(entries), 0, sizeof(Entry) << power);
  std::uint32_t count = 0;
  if (old != 0) {
    const Entry* const before = entries_of(old);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << power_of(old); ++i) {
      if (before[i].is_free()) continue;
      std::uint64_t at = before[i].low & mask;
      while (!entries[at].is_free()) at = (at + 1) & mask;
      entries[at] = before[i];  // Damaged ones too: they tell that something is missing.
      ++count;
    }
    free_regions_[power_of(old)].push_back(old);
  }
  store_in_order(directory()[partition], guarded(region));
  // If fewer were found than were counted, some are lost, and the count goes on telling that.
  counts()[partition] = std::max(counts()[partition], count);
  return true;
}

void HeadsFile::set_applied(GlobalPosition position) {
  applied_ = position;
  if (extents_.empty()) return;
  store_in_order(
      *reinterpret_cast<std::uint64_t*>(extents_.front().mapping->bytes().data() + applied_at),
      guarded(position.value));
}

Result<void> HeadsFile::close(const Link& link_at_applied) {
  if (broken_ || file_ == nullptr) return {};
  // First the table, then the word that it is whole.
  if (auto synced = file_->sync(); !synced) {
    // The cache may now show any part of it as it was before: not even this start of the machine
    // may believe it.
    fail();
    return synced;
  }
  write_state(true, link_at_applied);
  return file_->sync();
}

}  // namespace annals::internal
