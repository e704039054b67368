#include "snapshot_file.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "bytes.hpp"
#include "log_format.hpp"

namespace annals::internal {
namespace {

// File: magic, store, then entries. Entry: u32 entry bytes, u32 crc of all after it (seeded like a
// frame's), u64 version, u64 position, u64 fingerprint, link, u32 stream bytes, u32 data bytes,
// stream, data, zeros up to a multiple of 8.
constexpr std::array<char, 8> snapshots_magic{'A', 'N', 'N', 'A', 'L', 'S', 'N', '1'};
constexpr std::uint64_t file_header_bytes = 24;
constexpr std::size_t entry_header_bytes = 72;
constexpr std::uint64_t snapshot_bytes_max =
    64 + Limits::data_bytes_ceiling + Limits::stream_bytes_max + entry_header_bytes;
/// A file holding this many times what is kept is written anew.
constexpr std::uint64_t slack = 4;

void put_entry(ByteBuffer& to, const Snapshot& snapshot, const StoreId& store_id,
               std::uint64_t offset) {
  const std::size_t start = to.size();
  to.put(std::uint32_t{0});
  to.put(std::uint32_t{0});
  to.put(snapshot.version.value);
  to.put(snapshot.position.value);
  to.put(snapshot.fingerprint);
  to.put_bytes(snapshot.link.bytes.data(), snapshot.link.bytes.size());
  to.put(static_cast<std::uint32_t>(snapshot.stream.size()));
  to.put(static_cast<std::uint32_t>(snapshot.data.size()));
  to.put_text(snapshot.stream);
  to.put_text(snapshot.data);
  to.put_zeros(round_up_to_8(to.size() - start) - (to.size() - start));
  const auto bytes = static_cast<std::uint32_t>(to.size() - start);
  store(to.data() + start, bytes);
  const std::uint32_t seed = format::seed(store_id, 0, offset, bytes);
  store(to.data() + start + 4, crc32c(seed, {to.data() + start + 8, bytes - 8}));
}

void put_header(ByteBuffer& to, const StoreId& store_id) {
  to.put_bytes(snapshots_magic.data(), snapshots_magic.size());
  to.put_bytes(store_id.bytes.data(), store_id.bytes.size());
}

}  // namespace

std::unique_ptr<SnapshotFile> SnapshotFile::open(const LogOptions& options, const StoreId& store_id,
                                                 bool writable) {
  std::unique_ptr<SnapshotFile> snapshots(new SnapshotFile(store_id));
  // A store without its cache is slower, and nothing else: whatever fails, it goes on in memory.
  if (!snapshots->fill(options, writable)) snapshots->file_.reset();
  return snapshots;
}

Result<void> SnapshotFile::fill(const LogOptions& options, bool writable) {
  FileSystem& files = *options.files;
  const std::string path = options.path + '/' + format::snapshots_name;
  const auto there = files.exists(path);
  if (!there) return there.error();
  if (*there) {
    auto file = files.open(path, writable ? FileSystem::Mode::read_write : FileSystem::Mode::read);
    if (!file) return std::move(file).error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    if (*size > 0) {
      // Of one that is far too long only the beginning is looked at.
      const auto mapped = (*file)->map(*size);
      if (!mapped) return mapped.error();
      read((*mapped)->bytes());
    }
    if (writable) file_ = std::move(*file);
  }
  const bool wasteful = in_file_ > slack * shelf_.size() + 64;
  if (writable && (end_ == 0 || wasteful)) return rewrite(files, options.path);
  return {};
}

std::uint64_t SnapshotFile::whole_bytes(const StoreId& store_id, std::span<const std::byte> bytes) {
  SnapshotFile snapshots(store_id);
  snapshots.read(bytes);
  return snapshots.end_;
}

void SnapshotFile::read(std::span<const std::byte> bytes) {
  if (bytes.size() < file_header_bytes ||
      std::memcmp(bytes.data(), snapshots_magic.data(), 8) != 0 ||
      std::memcmp(bytes.data() + 8, store_.bytes.data(), 16) != 0) {
    return;
  }
  std::uint64_t at = file_header_bytes;
  while (bytes.size() - at >= entry_header_bytes) {
    const std::byte* const start = bytes.data() + at;
    const auto entry_bytes = load<std::uint32_t>(start);
    if (entry_bytes < entry_header_bytes || entry_bytes > snapshot_bytes_max ||
        entry_bytes > bytes.size() - at) {
      break;
    }
    const std::uint32_t seed = format::seed(store_, 0, at, entry_bytes);
    if (crc32c(seed, {start + 8, entry_bytes - 8}) != load<std::uint32_t>(start + 4)) break;
    Snapshot snapshot;
    snapshot.version = {load<std::uint64_t>(start + 8)};
    snapshot.position = {load<std::uint64_t>(start + 16)};
    snapshot.fingerprint = load<std::uint64_t>(start + 24);
    std::memcpy(snapshot.link.bytes.data(), start + 32, 32);
    const std::uint64_t stream_bytes = load<std::uint32_t>(start + 64);
    const std::uint64_t data_bytes = load<std::uint32_t>(start + 68);
    if (stream_bytes + data_bytes > entry_bytes - entry_header_bytes) break;
    snapshot.stream = text_of({start + entry_header_bytes, stream_bytes});
    snapshot.data = text_of({start + entry_header_bytes + stream_bytes, data_bytes});
    shelf_.add(std::move(snapshot));
    ++in_file_;
    at += entry_bytes;
  }
  end_ = at;
}

Result<void> SnapshotFile::rewrite(FileSystem& files, const std::string& folder) {
  const std::string path = folder + '/' + format::snapshots_name;
  const std::string fresh = path + ".new";
  if (const auto left = files.exists(fresh); !left) {
    return left.error();
  } else if (*left) {
    if (auto removed = files.remove(fresh); !removed) return removed;
  }
  auto file = files.open(fresh, FileSystem::Mode::create_new);
  if (!file) return std::move(file).error();
  ByteBuffer bytes;
  put_header(bytes, store_);
  in_file_ = 0;
  shelf_.for_each([&](const Snapshot& snapshot) {
    put_entry(bytes, snapshot, store_, bytes.size());
    ++in_file_;
  });
  if (auto wrote = (*file)->write_at(0, bytes.bytes()); !wrote) return wrote;
  if (auto renamed = files.rename(fresh, path); !renamed) return renamed;
  file_ = std::move(*file);
  end_ = bytes.size();
  return {};
}

Result<void> SnapshotFile::save(Snapshot snapshot) {
  const std::scoped_lock lock(mutex_);
  if (file_) {
    ByteBuffer bytes;
    put_entry(bytes, snapshot, store_, end_);
    if (auto wrote = file_->write_at(end_, bytes.bytes()); !wrote) return wrote;
    end_ += bytes.size();
    ++in_file_;
  }
  shelf_.add(std::move(snapshot));
  ++saved_;
  return {};
}

std::optional<Snapshot> SnapshotFile::newest(std::string_view stream, GlobalPosition at,
                                             std::uint64_t fingerprint,
                                             const Agrees& agrees) const {
  std::shared_ptr<const Snapshot> found;
  {
    const std::scoped_lock lock(mutex_);
    found = shelf_.newest(stream, at, fingerprint, agrees);
    if (found) ++hits_;
  }
  if (!found) return std::nullopt;
  return *found;
}

std::uint64_t SnapshotFile::saved() const {
  const std::scoped_lock lock(mutex_);
  return saved_;
}

std::uint64_t SnapshotFile::hits() const {
  const std::scoped_lock lock(mutex_);
  return hits_;
}

}  // namespace annals::internal
