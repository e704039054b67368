#include "pack_segment.hpp"

#include <algorithm>
#include <vector>

#include "packed_format.hpp"
#include "scan.hpp"

namespace annals::internal {
namespace {

/// Compressed bytes are written in pieces of about this size.
constexpr std::size_t packed_piece_bytes = std::size_t{1024} * 1024;
/// The most that is learnt from; spread over the segment.
constexpr std::size_t samples_bytes_max = std::size_t{8} * 1024 * 1024;
/// A dictionary is worth a hundredth of what it is for.
constexpr std::size_t segment_bytes_for_each_of_dictionary = 100;
/// A block that is so many times as large as it should be is cut inside an append.
constexpr std::size_t blocks_before_cut_inside = 2;

/// Where a segment may be cut, found by walking it; with what lies between.
class Cuts {
 public:
  /// Errors: corrupt.
  static Result<Cuts> of(const SegmentBytes& segment, const ManifestSegment& listed) {
    Cuts cuts;
    Chain chain(Head{{listed.first.value - 1}, listed.link_before});
    const auto add = [&](const SegmentBytes&, const AppendView& append) -> Result<void> {
      cuts.add(append.entry.address, append.offsets);
      return {};
    };
    if (auto scanned = scan_sealed(segment, listed, chain, false, add); !scanned) {
      return std::move(scanned).error();
    }
    cuts.blocks_.push_back(listed.end);
    return cuts;
  }

  /// Where each block begins, and the end of the last one.
  const std::vector<std::uint64_t>& blocks() const { return blocks_; }
  const std::vector<std::uint64_t>& appends() const { return appends_; }

 private:
  void add(std::uint64_t append, const std::vector<std::uint64_t>& records) {
    appends_.push_back(append);
    if (append - blocks_.back() >= block_bytes_) blocks_.push_back(append);
    for (const std::uint64_t record : records) {
      if (record - blocks_.back() >= blocks_before_cut_inside * block_bytes_) {
        blocks_.push_back(record);
      }
    }
  }

  const std::size_t block_bytes_ = Packing{}.block_bytes;
  std::vector<std::uint64_t> blocks_{0};
  std::vector<std::uint64_t> appends_;
};

/// A dictionary that is learnt from appends all over the segment.
std::vector<std::byte> learn(std::span<const std::byte> segment, const Cuts& cuts,
                             std::uint64_t end) {
  const std::vector<std::uint64_t>& appends = cuts.appends();
  const std::uint64_t all = end / samples_bytes_max + 1;  // Of so many appends one is taken.
  std::vector<std::byte> samples;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < appends.size(); i += all) {
    const std::uint64_t from = appends[i];
    const std::uint64_t to =
        std::min(i + 1 < appends.size() ? appends[i + 1] : end, from + Packing{}.block_bytes);
    if (samples.size() + (to - from) > samples_bytes_max) break;
    const auto sample = segment.subspan(from, to - from);
    samples.insert(samples.end(), sample.begin(), sample.end());
    sizes.push_back(sample.size());
  }
  const std::size_t wanted = std::min<std::size_t>(Packing{}.dictionary_bytes_max,
                                                   end / segment_bytes_for_each_of_dictionary);
  return train_dictionary(samples, sizes, wanted);
}

/// Writes one packed file from its beginning to its end.
class PackedWriter {
 public:
  PackedWriter(File& file, const StoreId& store, const ManifestSegment& listed)
      : file_(file), store_(store), listed_(listed) {}

  Result<void> write(std::span<const std::byte> segment, const Cuts& cuts,
                     std::span<const std::byte> dictionary, const PackingProgress& progress) {
    piece_.put_zeros(packed_format::header_bytes);  // Written last, when all of it is known.
    piece_.put_bytes(dictionary.data(), dictionary.size());
    BlockCompressor compressor(Packing{}.level, dictionary);
    std::vector<std::byte> packed;
    const std::vector<std::uint64_t>& blocks = cuts.blocks();
    for (std::size_t i = 0; i + 1 < blocks.size(); ++i) {
      if (!progress(blocks[i])) return Error{ErrorCode::unavailable, "told to stop"};
      const auto block = segment.subspan(blocks[i], blocks[i + 1] - blocks[i]);
      if (auto made = compressor.compress(block, packed); !made) return made;
      const std::uint64_t at = written_ + piece_.size();
      table_.put(blocks[i]);
      table_.put(at);
      table_.put(static_cast<std::uint32_t>(packed.size()));
      table_.put(crc32c(seed(at, packed.size()), packed));
      piece_.put_bytes(packed.data(), packed.size());
      if (piece_.size() < packed_piece_bytes) continue;
      if (auto wrote = flush(); !wrote) return wrote;
    }
    const std::uint64_t table_at = written_ + piece_.size();
    piece_.put_bytes(table_.data(), table_.size());
    if (auto wrote = flush(); !wrote) return wrote;
    return write_header(table_at, static_cast<std::uint32_t>(blocks.size() - 1), dictionary);
  }

 private:
  std::uint32_t seed(std::uint64_t offset, std::uint64_t bytes) const {
    return packed_format::seed(store_, listed_.number, offset, bytes);
  }

  Result<void> flush() {
    if (auto wrote = file_.write_at(written_, piece_.bytes()); !wrote) return wrote;
    written_ += piece_.size();
    piece_.clear();
    return {};
  }

  Result<void> write_header(std::uint64_t table_at, std::uint32_t blocks,
                            std::span<const std::byte> dictionary) {
    std::array<std::byte, packed_format::header_bytes> header{};
    std::memcpy(header.data(), packed_format::magic.data(), 8);
    store(header.data() + 8, packed_format::version);
    store(header.data() + 12, static_cast<std::uint32_t>(header.size()));
    std::memcpy(header.data() + 16, store_.bytes.data(), 16);
    store(header.data() + 32, listed_.number);
    store(header.data() + 40, listed_.first.value);
    store(header.data() + 48, listed_.last.value);
    store(header.data() + 56, listed_.end);
    store(header.data() + 64, table_at);
    store(header.data() + 72, blocks);
    store(header.data() + 76, static_cast<std::uint32_t>(dictionary.size()));
    store(header.data() + 80,
          crc32c(seed(packed_format::header_bytes, dictionary.size()), dictionary));
    store(header.data() + 84, crc32c(seed(table_at, table_.size()), table_.bytes()));
    store(header.data() + 88, static_cast<std::uint32_t>(Packing{}.level));
    store(header.data() + 92, static_cast<std::uint32_t>(Packing{}.block_bytes));
    std::memcpy(header.data() + 96, listed_.link_after.bytes.data(), 32);
    store(header.data() + packed_format::crc_at,
          crc32c(0, std::span(header).first(packed_format::crc_at)));
    return file_.write_at(0, header);
  }

  File& file_;
  const StoreId& store_;
  const ManifestSegment& listed_;
  ByteBuffer piece_;
  ByteBuffer table_;
  std::uint64_t written_ = 0;
};

}  // namespace

Result<Segment> pack_segment(FileSystem& files, const std::string& folder, const StoreId& store,
                             const ManifestSegment& listed, const Segment& original,
                             const std::shared_ptr<BlockCache>& cache,
                             const PackingProgress& progress) {
  const std::string path = folder + '/' + PackedFile::name_of(listed.number);
  const auto there = files.exists(path);
  if (!there) return there.error();
  const SegmentBytes segment = original.bytes(store);
  if (*there) {
    // A writer ended before it took the original away.
    auto packed = PackedFile::open(files, path, store, listed, nullptr);
    const auto same = packed ? (*packed)->equals(segment.bytes) : false;
    if (same && *same) {
      // It was synced before it got its name, but the name may not have been.
      if (auto synced = files.sync_directory(folder); !synced) return std::move(synced).error();
      return open_packed(files, folder, store, listed, cache);
    }
  }
  const auto cuts = Cuts::of(segment, listed);
  if (!cuts) return cuts.error();

  const std::string fresh = path + format::fresh_suffix;
  const auto left = files.exists(fresh);
  if (!left) return left.error();
  if (*left) {
    if (auto removed = files.remove(fresh); !removed) return std::move(removed).error();
  }
  const auto give_up = [&](Error error) {
    (void)files.remove(fresh);  // The next opening for writing would remove it as well.
    return error;
  };
  {
    auto file = files.open(fresh, FileSystem::Mode::create_new);
    if (!file) return std::move(file).error();
    PackedWriter writer(**file, store, listed);
    auto wrote =
        writer.write(segment.bytes, *cuts, learn(segment.bytes, *cuts, listed.end), progress);
    if (!wrote) return give_up(std::move(wrote).error());
    if (original.bug != PlantedBug::packed_not_synced) {
      if (auto synced = (*file)->sync(); !synced) return give_up(std::move(synced).error());
    }
  }
  // Under its own name there is never one that is not the same.
  auto packed = PackedFile::open(files, fresh, store, listed, nullptr);
  if (!packed) return give_up(std::move(packed).error());
  const auto same = (*packed)->equals(segment.bytes);
  if (!same) return give_up(same.error());
  if (!*same) {
    return give_up({ErrorCode::unavailable, fresh + " is not what was written to it"});
  }
  if (auto renamed = files.rename(fresh, path); !renamed) return std::move(renamed).error();
  if (auto synced = files.sync_directory(folder); !synced) return std::move(synced).error();
  return open_packed(files, folder, store, listed, cache);
}

Result<void> remove_original(FileSystem& files, const std::string& folder, std::uint64_t number) {
  if (auto removed = files.remove(folder + '/' + format::segment_name(number)); !removed) {
    return removed;
  }
  return files.sync_directory(folder);
}

Result<void> remove_half_packed(FileSystem& files, const std::string& folder) {
  const auto names = files.list(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.starts_with("segment-") ||
        !name.ends_with(std::string(".packed") + format::fresh_suffix)) {
      continue;
    }
    if (auto removed = files.remove(folder + '/' + name); !removed) return removed;
  }
  return {};
}

}  // namespace annals::internal
