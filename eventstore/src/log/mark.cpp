#include "mark.hpp"

#include "log_format.hpp"
#include "sha256.hpp"

namespace annals::internal {
namespace {

// Slot: magic, u64 sequence, boot, store, u32 era, u32 zero, u64 position, u64 segment, u64 offset,
// link, zeros, u32 crc. Two of them, in blocks of their own so that one torn write spoils one slot.
constexpr std::array<char, 8> magic{'A', 'N', 'N', 'A', 'L', 'M', 'R', 'K'};
constexpr std::size_t slot_bytes = 128;
constexpr std::uint64_t slot_distance = 4096;

std::array<std::byte, slot_bytes> format_slot(const Mark& mark) {
  std::array<std::byte, slot_bytes> slot{};
  std::memcpy(slot.data(), magic.data(), 8);
  store(slot.data() + 8, mark.sequence);
  std::memcpy(slot.data() + 16, mark.boot.data(), 16);
  std::memcpy(slot.data() + 32, mark.store.bytes.data(), 16);
  store(slot.data() + 48, mark.era.value);
  store(slot.data() + 56, mark.position.value);
  store(slot.data() + 64, mark.segment);
  store(slot.data() + 72, mark.offset);
  std::memcpy(slot.data() + 80, mark.link.bytes.data(), 32);
  store(slot.data() + 124, crc32c(0, std::span(slot).first(124)));
  return slot;
}

std::optional<Mark> parse_slot(std::span<const std::byte, slot_bytes> slot) {
  if (std::memcmp(slot.data(), magic.data(), 8) != 0) return std::nullopt;
  if (load<std::uint32_t>(slot.data() + 124) != crc32c(0, slot.first(124))) return std::nullopt;
  Mark mark;
  mark.sequence = load<std::uint64_t>(slot.data() + 8);
  std::memcpy(mark.boot.data(), slot.data() + 16, 16);
  std::memcpy(mark.store.bytes.data(), slot.data() + 32, 16);
  mark.era = {load<std::uint32_t>(slot.data() + 48)};
  mark.position = {load<std::uint64_t>(slot.data() + 56)};
  mark.segment = load<std::uint64_t>(slot.data() + 64);
  mark.offset = load<std::uint64_t>(slot.data() + 72);
  std::memcpy(mark.link.bytes.data(), slot.data() + 80, 32);
  return mark;
}

}  // namespace

std::array<std::uint8_t, 16> boot_of(FileSystem& files) {
  const Digest digest = sha256(files.boot_id());
  std::array<std::uint8_t, 16> boot;
  std::memcpy(boot.data(), digest.bytes.data(), boot.size());
  return boot;
}

Result<MarkFile> MarkFile::open(FileSystem& files, const std::string& folder, bool writable) {
  const std::string path = folder + '/' + format::mark_name;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there && !writable) return MarkFile(nullptr);
  const auto mode = !writable ? FileSystem::Mode::read
                    : *there  ? FileSystem::Mode::read_write
                              : FileSystem::Mode::create_new;
  auto file = files.open(path, mode);
  if (!file) return std::move(file).error();
  if (!*there) {
    // Room for both slots, so that a full disk cannot stop a mark from being written.
    if (auto room = (*file)->allocate(slot_distance + slot_bytes); !room) return room.error();
    if (auto synced = (*file)->sync(); !synced) return synced.error();
    if (auto synced = files.sync_directory(folder); !synced) return synced.error();
  }
  return MarkFile(std::move(*file));
}

Result<std::optional<Mark>> MarkFile::read(const StoreId& store) const {
  std::optional<Mark> newest;
  if (!file_) return newest;
  int valid = 0;
  for (const std::uint64_t at : {std::uint64_t{0}, slot_distance}) {
    std::array<std::byte, slot_bytes> slot{};
    const auto read = file_->read_at(at, slot);
    if (!read) return read.error();
    if (*read != slot_bytes) continue;
    const auto mark = parse_slot(slot);
    if (!mark || mark->store != store) continue;
    ++valid;
    if (!newest || mark->sequence > newest->sequence) newest = mark;
  }
  // Only the very first mark is alone.
  if (newest) newest->doubtful = valid == 1 && newest->sequence > 1;
  if (newest) sequence_ = newest->sequence;
  return newest;
}

Result<void> MarkFile::write(Mark mark) {
  mark.sequence = sequence_ + 1;
  auto wrote = file_->write_at(mark.sequence % 2 * slot_distance, format_slot(mark));
  if (wrote) sequence_ = mark.sequence;
  return wrote;
}

}  // namespace annals::internal
