#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <annals/testkit/fault_file_system.hpp>

#include "fault_file_system_nodes.hpp"

namespace annals::testkit {

namespace internal {

/// A failed operation on `path`.
inline Error refusal(const std::string& path, std::string_view why) {
  return {.code = ErrorCode::unavailable, .message = path + ": " + std::string(why)};
}

/// The names in a path.
inline std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path + "/") {
    if (c != '/') {
      part += c;
    } else if (!part.empty()) {
      if (part != ".") parts.push_back(part);
      part.clear();
    }
  }
  return parts;
}

/// Counts down to the operation that a fault was asked for.
class Fuse {
 public:
  void set(std::uint64_t nth) { left_ = nth; }
  void clear() { left_ = 0; }
  /// Counts one operation and says whether it is the one.
  bool burns() { return left_ > 0 && --left_ == 0; }

 private:
  std::uint64_t left_ = 0;
};

inline constexpr auto off_text = "the machine is off";
inline constexpr auto full_text = "No space left on device";
inline constexpr auto io_error_text = "Input/output error";
inline constexpr auto read_only_text = "Read-only file system";
inline constexpr auto missing_text = "No such file or directory";

}  // namespace internal

/// The state behind a FaultFileSystem and its open files.
struct FaultFileSystem::Disk {
  explicit Disk(std::uint64_t seed, std::uint64_t boot_number) : dice(seed), boot(boot_number) {}

  mutable std::mutex mutex;
  std::condition_variable changed;
  // All below: guarded by mutex.
  std::shared_ptr<internal::Folder> root = std::make_shared<internal::Folder>();
  internal::Dice dice;
  std::uint64_t boot;
  std::set<const internal::FileNode*> locked;
  Counters counters;
  std::uint64_t operations = 0;
  std::optional<std::uint64_t> operations_max;
  bool off = false;
  bool held = false;
  std::uint64_t waiting = 0;
  bool read_only = false;
  bool ignores_syncs = false;
  bool full = false;
  AfterFailedSync after_failed_sync = AfterFailedSync::cache_shows;
  internal::Fuse sync_fuse;
  internal::Fuse sync_directory_fuse;
  internal::Fuse write_fuse;
  internal::Fuse read_fuse;
  internal::Fuse space_fuse;

  /// Runs one changing operation. `apply(torn)` is told whether it is the last one before the
  /// machine goes off, so that it may happen in part; operations that cannot happen in part are
  /// then called or not.
  Result<void> change(const std::string& path, bool divisible,
                      const std::function<Result<void>(bool torn)>& apply) {
    std::unique_lock lock(mutex);
    if (held) {
      ++waiting;
      changed.notify_all();
      changed.wait(lock, [&] { return !held; });
      --waiting;
    }
    if (off) return internal::refusal(path, internal::off_text);
    if (read_only) return internal::refusal(path, internal::read_only_text);
    ++operations;
    if (operations_max && operations > *operations_max) {
      off = true;
      if (divisible || dice.chance(50)) (void)apply(true);
      return internal::refusal(path, internal::off_text);
    }
    return apply(false);
  }

  /// Says whether the disk has room for one more request.
  bool has_room() {
    ++counters.space_requests;
    if (space_fuse.burns()) full = true;
    return !full;
  }

  internal::Folder* folder_at(const std::vector<std::string>& parts, std::size_t count) const {
    internal::Folder* at = root.get();
    for (std::size_t i = 0; i < count; ++i) {
      const internal::Entry* entry = at->find(parts[i]);
      if (entry == nullptr || !entry->folder) return nullptr;
      at = entry->folder.get();
    }
    return at;
  }
  /// The folder that holds a path's last part.
  internal::Folder* parent_of(const std::vector<std::string>& parts) const {
    return parts.empty() ? nullptr : folder_at(parts, parts.size() - 1);
  }
  const internal::Entry* entry_at(const std::string& path) const {
    const auto parts = internal::parts_of(path);
    const internal::Folder* parent = parent_of(parts);
    return parent == nullptr ? nullptr : parent->find(parts.back());
  }

  Result<std::shared_ptr<internal::FileNode>> create(const std::string& path) {
    const auto parts = internal::parts_of(path);
    internal::Folder* parent = parent_of(parts);
    if (parent == nullptr) return internal::refusal(path, internal::missing_text);
    if (!has_room()) return internal::refusal(path, internal::full_text);
    auto node = std::make_shared<internal::FileNode>();
    parent->change({{parts.back(), internal::Entry{node, nullptr}}});
    return node;
  }

  Result<void> resize(internal::FileNode& node, const std::string& path, std::uint64_t bytes) {
    if (bytes > internal::Pages::capacity) return internal::refusal(path, "File too large");
    if (bytes > node.size() && !has_room()) return internal::refusal(path, internal::full_text);
    node.resize(bytes);
    return {};
  }

  Result<void> write(internal::FileNode& node, const std::string& path, std::uint64_t offset,
                     std::span<const std::byte> data, bool torn) {
    ++counters.writes;
    if (offset + data.size() > internal::Pages::capacity)
      return internal::refusal(path, "File too large");
    // All of it may be there although the answer is a failure.
    const auto part = [&] {
      return dice.chance(30) ? data : data.first(dice.below(data.size() + 1));
    };
    if (torn) {
      node.write(offset, part());
      return {};
    }
    if (write_fuse.burns()) {
      node.write(offset, part());
      return internal::refusal(path, internal::io_error_text);
    }
    if (offset + data.size() > node.size() && !has_room()) {
      node.write(offset, part());
      return internal::refusal(path, internal::full_text);
    }
    node.write(offset, data);
    return {};
  }

  Result<void> sync(internal::FileNode& node, const std::string& path) {
    ++counters.syncs;
    if (ignores_syncs) return {};
    if (sync_fuse.burns()) {
      ++counters.failed_syncs;
      node.lose_unsynced(dice);
      if (after_failed_sync == AfterFailedSync::cache_forgets) node.read_back();
      return internal::refusal(path, internal::io_error_text);
    }
    node.sync();
    return {};
  }

  Result<void> begin_read(const std::string& path) {
    ++counters.reads;
    if (off) return internal::refusal(path, internal::off_text);
    if (read_fuse.burns()) return internal::refusal(path, internal::io_error_text);
    return {};
  }
};

}  // namespace annals::testkit
