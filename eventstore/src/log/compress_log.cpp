#include <utility>

#include <annals/eventstore/log_compression.hpp>

#include "log_format.hpp"
#include "mark.hpp"
#include "pack_segment.hpp"
#include "recovery.hpp"

namespace annals {

using internal::Manifest;
using internal::ManifestSegment;
using internal::Segment;
namespace format = internal::format;

namespace {

/// Packs one segment after another; the caller holds the lock.
class Work {
 public:
  Work(FileSystem& files, std::string folder, const CompressOptions& compress)
      : files_(files), folder_(std::move(folder)), compress_(compress) {}

  Result<CompressReport> run(const Manifest& manifest) {
    report_.store = manifest.store;
    for (const ManifestSegment& listed : manifest.segments) {
      if (!listed.sealed) continue;
      auto segment = internal::open_segment(files_, folder_, manifest.store, listed, false);
      if (!segment) return std::move(segment).error();
      ++report_.segments;
      if (segment->packed) {
        count(*segment);
      } else {
        all_ += listed.end;
      }
    }
    for (const ManifestSegment& listed : manifest.segments) {
      if (!listed.sealed || given_up_) continue;
      if (auto packed = pack(manifest.store, listed); !packed && !given_up_) {
        return std::move(packed).error();
      }
    }
    return report_;
  }

 private:
  Result<void> pack(const StoreId& store, const ManifestSegment& listed) {
    auto original = internal::open_segment(files_, folder_, store, listed, false);
    if (!original) return std::move(original).error();
    if (original->packed) return {};
    auto packed = internal::pack_segment(files_, folder_, store, listed, *original, nullptr,
                                         [this](std::uint64_t bytes) { return tell(bytes); });
    if (!packed) return std::move(packed).error();
    done_ += listed.end;
    count(*packed);
    ++report_.added;
    if (auto removed = internal::remove_original(files_, folder_, listed.number); !removed) {
      return removed;
    }
    (void)tell(0);
    return {};
  }

  void count(const Segment& segment) {
    ++report_.compressed;
    report_.bytes += segment.packed->end();
    report_.file_bytes += segment.packed->file_bytes();
  }

  bool tell(std::uint64_t more) {
    if (compress_.progress && !compress_.progress(done_ + more, all_)) given_up_ = true;
    return !given_up_;
  }

  FileSystem& files_;
  const std::string folder_;
  const CompressOptions& compress_;
  CompressReport report_;
  std::uint64_t done_ = 0;
  std::uint64_t all_ = 0;
  bool given_up_ = false;
};

}  // namespace

Result<CompressReport> compress_log(const LogOptions& options, const CompressOptions& compress) {
  if (options.path.empty()) {
    return Error{ErrorCode::invalid_argument, "LogOptions::path is empty"};
  }
  if (!options.files) return Error{ErrorCode::invalid_argument, "LogOptions without a disk"};
  FileSystem& files = *options.files;
  const std::string folder = files.absolute(options.path);
  // Before the lock: its file is not left in a folder that is no store.
  auto manifest = internal::read_manifest(files, folder);
  if (!manifest) return std::move(manifest).error();
  if (!*manifest) return internal::no_store(folder);
  const auto lock = files.lock(folder + '/' + format::lock_name);
  if (!lock) return lock.error();
  manifest = internal::read_manifest(files, folder);
  if (!manifest) return std::move(manifest).error();
  if (!*manifest) return internal::no_store(folder);

  // What is written anew below must be the one that knows all segments.
  const auto mark_file = internal::MarkFile::open(files, folder, false);
  if (!mark_file) return mark_file.error();
  const std::uint64_t newest = (*manifest)->segments.back().number;
  const auto mark = mark_file->read((*manifest)->store, newest);
  if (mark && *mark && !(*mark)->copied && (*mark)->segment > newest) {
    return internal::old_manifest(**mark, folder);
  }

  if (auto removed = internal::remove_half_packed(files, folder); !removed) {
    return std::move(removed).error();
  }
  Manifest& now = **manifest;
  if ((now.incompatible & format::packed_segments) == 0) {
    now.incompatible |= format::packed_segments;
    if (auto prepared = internal::prepare_manifest(files, folder, now); !prepared) {
      return std::move(prepared).error();
    }
    if (auto swapped = internal::swap_manifest(files, folder); !swapped) {
      return std::move(swapped).error();
    }
  } else if (auto synced = files.sync_directory(folder); !synced) {
    // The one who set it may have ended before that was durable.
    return std::move(synced).error();
  }
  return Work(files, folder, compress).run(now);
}

}  // namespace annals
