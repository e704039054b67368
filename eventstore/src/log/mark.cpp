#include "mark.hpp"

#include "log_format.hpp"
#include "sha256.hpp"

namespace annals::internal {
namespace {

// Slot: magic, u64 sequence, boot, store, u32 era, u32 zero, u64 position, u64 segment, u64 offset,
// link, u64 number of the file, zeros, u32 crc. Four of them, in blocks of their own so that one
// torn write spoils one slot.
constexpr std::array<char, 8> mark_magic{'A', 'N', 'N', 'A', 'L', 'M', 'R', 'K'};
constexpr std::size_t slot_bytes = 128;
constexpr std::uint64_t slot_distance = 4096;
constexpr std::uint64_t anchor_count = 2;  // Slots that are only written synced come first.
constexpr std::uint64_t slot_count = 4;

std::array<std::byte, slot_bytes> format_slot(const Mark& mark) {
  std::array<std::byte, slot_bytes> slot{};
  std::memcpy(slot.data(), mark_magic.data(), 8);
  store(slot.data() + 8, mark.sequence);
  std::memcpy(slot.data() + 16, mark.boot.data(), 16);
  std::memcpy(slot.data() + 32, mark.store.bytes.data(), 16);
  store(slot.data() + 48, mark.era.value);
  store(slot.data() + 56, mark.position.value);
  store(slot.data() + 64, mark.segment);
  store(slot.data() + 72, mark.offset);
  std::memcpy(slot.data() + 80, mark.link.bytes.data(), 32);
  store(slot.data() + 112, mark.file);
  store(slot.data() + 124, crc32c(0, std::span(slot).first(124)));
  return slot;
}

std::optional<Mark> parse_slot(std::span<const std::byte, slot_bytes> slot) {
  if (std::memcmp(slot.data(), mark_magic.data(), 8) != 0) return std::nullopt;
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
  mark.file = load<std::uint64_t>(slot.data() + 112);
  return mark;
}

}  // namespace

std::array<std::uint8_t, 16> boot_of(FileSystem& files, const std::string& folder) {
  const Digest digest = sha256(files.boot_id(folder));
  std::array<std::uint8_t, 16> boot;
  std::memcpy(boot.data(), digest.bytes.data(), boot.size());
  return boot;
}

Error no_mark(const std::string& folder) {
  const std::string path = folder + '/' + format::mark_name;
  return {.code = ErrorCode::corrupt,
          .message = path +
                     " at byte 0: no mark of this store, so how far appends were answered is "
                     "not known; restore the file, or open the store once with "
                     "accept_lost_mark to take what the segments hold for all there was",
          .place = Error::Place{path, 0}};
}

Error old_manifest(const Mark& mark, const std::string& folder) {
  const std::string path = folder + '/' + format::manifest_name;
  return {.code = ErrorCode::corrupt,
          .message = path + ": it does not name segment " + std::to_string(mark.segment) +
                     ", in which position " + to_string(mark.position) +
                     " was durable, so it is an old one: restore the file",
          .place = Error::Place{path, 0}};
}

Result<MarkFile> MarkFile::create(FileSystem& files, const std::string& folder) {
  const std::string path = folder + '/' + format::mark_name;
  if (const auto left = files.exists(path); !left) {
    return left.error();
  } else if (*left) {
    if (auto removed = files.remove(path); !removed) return removed.error();
  }
  auto file = files.open(path, FileSystem::Mode::create_new);
  if (!file) return std::move(file).error();
  // Room for all slots, so that a full disk cannot stop a mark from being written.
  if (auto room = (*file)->allocate(slot_count * slot_distance); !room) return room.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (auto synced = files.sync_directory(folder); !synced) return synced.error();
  MarkFile made(std::move(*file));
  made.map();
  return made;
}

Result<MarkFile> MarkFile::open(FileSystem& files, const std::string& folder, bool writable) {
  const std::string path = folder + '/' + format::mark_name;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (!*there) return MarkFile(nullptr);
  auto file = files.open(path, writable ? FileSystem::Mode::read_write : FileSystem::Mode::read);
  if (!file) return std::move(file).error();
  MarkFile opened(std::move(*file));
  if (!writable) return opened;
  // A copy may have holes, and nothing may be written to those through a mapping on a full disk.
  // Without the room it is written the other way, which can fail.
  if (opened.file_->allocate(slot_count * slot_distance)) opened.map();
  return opened;
}

void MarkFile::map() {
  constexpr std::uint64_t bytes = slot_count * slot_distance;
  const auto size = file_->size();
  if (!size || *size < bytes) return;
  if (auto mapped = file_->map_writable(0, bytes)) mapping_ = *std::move(mapped);
}

Result<std::optional<Mark>> MarkFile::read(const StoreId& store,
                                           std::uint64_t newest_segment) const {
  std::optional<Mark> newest;
  if (!file_) return newest;
  bool doubtful = false;
  std::uint64_t newest_anchor = 0;
  for (std::uint64_t i = 0; i < slot_count; ++i) {
    std::array<std::byte, slot_bytes> slot{};
    const auto read = file_->read_at(i * slot_distance, slot);
    if (!read) return read.error();
    const auto mark = *read == slot_bytes ? parse_slot(slot) : std::nullopt;
    if (!mark || mark->store != store) {
      const bool never_written = *read == slot_bytes && slot == decltype(slot){};
      doubtful = doubtful || !never_written;
    } else {
      if (i < anchor_count && mark->sequence > newest_anchor) {
        newest_anchor = mark->sequence;
        next_anchor_ = (i + 1) % anchor_count;
      }
      if (!newest || mark->sequence > newest->sequence) newest = mark;
    }
  }
  if (newest) {
    newest->doubtful = doubtful || newest->is_older_than(newest_segment);
    newest->copied = newest->file != 0 && number_ != 0 && newest->file != number_;
    sequence_ = newest->sequence;
  }
  return newest;
}

Result<std::optional<Mark>> MarkFile::read_anchor(const StoreId& store) const {
  std::optional<Mark> newest;
  for (std::uint64_t i = 0; file_ && i < anchor_count; ++i) {
    std::array<std::byte, slot_bytes> slot{};
    const auto read = file_->read_at(i * slot_distance, slot);
    if (!read) return read.error();
    const auto mark = *read == slot_bytes ? parse_slot(slot) : std::nullopt;
    if (mark && mark->store == store && (!newest || mark->sequence > newest->sequence)) {
      newest = mark;
    }
  }
  return newest;
}

std::string MarkFile::identity() const {
  if (!file_) return {};
  auto identity = file_->identity();
  return identity ? *std::move(identity) : std::string();
}

Result<void> MarkFile::write(Mark mark) {
  const std::uint64_t slot = anchor_count + sequence_ % (slot_count - anchor_count);
  if (mapping_ == nullptr) return write_slot(slot, mark);
  mark.sequence = ++sequence_;
  mark.file = number_;
  const auto bytes = format_slot(mark);
  std::memcpy(mapping_->bytes().data() + slot * slot_distance, bytes.data(), bytes.size());
  return {};
}

Result<void> MarkFile::anchor(Mark mark) {
  if (auto wrote = write_slot(next_anchor_, mark); !wrote) return wrote;
  auto synced = file_->sync();
  if (synced) next_anchor_ = (next_anchor_ + 1) % anchor_count;
  return synced;
}

Result<void> MarkFile::write_slot(std::uint64_t slot, Mark mark) {
  mark.sequence = sequence_ + 1;
  mark.file = number_;
  auto wrote = file_->write_at(slot * slot_distance, format_slot(mark));
  if (wrote) sequence_ = mark.sequence;
  return wrote;
}

}  // namespace annals::internal
