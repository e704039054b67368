#include <algorithm>
#include <cstdlib>

#include <annals/testkit/fault_file_system.hpp>

#include "fault_file_system_disk.hpp"

/// The half of FaultFileSystem that tests call: crashes, faults, looking and damaging.
namespace annals::testkit {

using internal::Dice;
using internal::Entry;
using internal::Fate;
using internal::FileNode;
using internal::Folder;
using internal::parts_of;

std::shared_ptr<FaultFileSystem> FaultFileSystem::power_loss(PowerLoss loss) {
  release();
  const std::lock_guard lock(disk_->mutex);
  disk_->off = true;
  Dice dice(loss.seed);
  auto disk = std::make_shared<Disk>(dice.next(), disk_->boot + 1);
  Fate fate;
  disk->root = disk_->root->after_power_loss(dice, fate);
  disk->counters.pieces_kept = fate.kept;
  disk->counters.pieces_lost = fate.lost;
  return std::shared_ptr<FaultFileSystem>(new FaultFileSystem(std::move(disk)));
}

std::shared_ptr<FaultFileSystem> FaultFileSystem::process_crash() {
  release();
  {
    const std::lock_guard lock(disk_->mutex);
    disk_->off = true;
  }
  return fork();
}

std::shared_ptr<FaultFileSystem> FaultFileSystem::fork() const {
  const std::lock_guard lock(disk_->mutex);
  auto disk = std::make_shared<Disk>(disk_->dice.next(), disk_->boot);
  disk->root = disk_->root->clone();
  disk->ignores_syncs = disk_->ignores_syncs;
  return std::shared_ptr<FaultFileSystem>(new FaultFileSystem(std::move(disk)));
}

void FaultFileSystem::switch_off_after(std::uint64_t operations) {
  const std::lock_guard lock(disk_->mutex);
  disk_->operations_max = disk_->operations + operations;
}

bool FaultFileSystem::is_off() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->off;
}

std::uint64_t FaultFileSystem::operations() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->operations;
}

void FaultFileSystem::fail_sync(std::uint64_t nth, AfterFailedSync cache) {
  const std::lock_guard lock(disk_->mutex);
  disk_->after_failed_sync = cache;
  disk_->sync_fuse.set(nth);
}

void FaultFileSystem::fail_sync_directory(std::uint64_t nth) {
  const std::lock_guard lock(disk_->mutex);
  disk_->sync_directory_fuse.set(nth);
}

void FaultFileSystem::fail_write(std::uint64_t nth) {
  const std::lock_guard lock(disk_->mutex);
  disk_->write_fuse.set(nth);
}

void FaultFileSystem::fail_read(std::uint64_t nth) {
  const std::lock_guard lock(disk_->mutex);
  disk_->read_fuse.set(nth);
}

void FaultFileSystem::fill_disk(std::uint64_t nth) {
  const std::lock_guard lock(disk_->mutex);
  disk_->space_fuse.set(nth);
}

void FaultFileSystem::free_space() {
  const std::lock_guard lock(disk_->mutex);
  disk_->space_fuse.clear();
  disk_->full = false;
}

void FaultFileSystem::set_read_only(bool read_only) {
  const std::lock_guard lock(disk_->mutex);
  disk_->read_only = read_only;
}

void FaultFileSystem::ignore_syncs(bool ignore) {
  const std::lock_guard lock(disk_->mutex);
  disk_->ignores_syncs = ignore;
}

void FaultFileSystem::hold() {
  const std::lock_guard lock(disk_->mutex);
  disk_->held = true;
}

void FaultFileSystem::release() {
  const std::lock_guard lock(disk_->mutex);
  disk_->held = false;
  disk_->changed.notify_all();
}

void FaultFileSystem::await_waiting_operation() {
  std::unique_lock lock(disk_->mutex);
  disk_->changed.wait(lock, [&] { return disk_->waiting > 0 || !disk_->held; });
}

namespace {

void collect(const Folder& folder, const std::string& prefix, std::vector<std::string>& paths) {
  for (const auto& [name, entry] : folder.names()) {
    const std::string path = prefix + "/" + name;
    if (entry.folder) {
      collect(*entry.folder, path, paths);
    } else {
      paths.push_back(path);
    }
  }
}

/// `same_files`: those of the folder, as they become; otherwise others with their contents.
std::shared_ptr<Folder> all_durable(const Folder& folder, bool same_files) {
  auto copy = std::make_shared<Folder>();
  for (const auto& [name, entry] : folder.names()) {
    Entry copied;
    if (entry.folder) {
      copied.folder = all_durable(*entry.folder, same_files);
    } else if (same_files) {
      copied.file = entry.file->clone();
      copied.file->sync();
    } else {
      copied.file = std::make_shared<FileNode>();
      copied.file->write(0, entry.file->cached());
      copied.file->sync();
    }
    copy->change({{name, copied}});
  }
  copy->sync();
  return copy;
}

}  // namespace

FaultFileSystem::Counters FaultFileSystem::counters() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->counters;
}

std::vector<std::string> FaultFileSystem::files() const {
  const std::lock_guard lock(disk_->mutex);
  std::vector<std::string> paths;
  collect(*disk_->root, "", paths);
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string FaultFileSystem::contents(const std::string& path) const {
  const std::lock_guard lock(disk_->mutex);
  const Entry* entry = disk_->entry_at(path);
  if (entry == nullptr || !entry->file) std::abort();
  const auto bytes = entry->file->cached();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void FaultFileSystem::put(const std::string& path, std::string_view contents) {
  const std::lock_guard lock(disk_->mutex);
  auto parts = parts_of(path);
  Folder* at = disk_->root.get();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (at->find(parts[i]) == nullptr) {
      at->change({{parts[i], Entry{nullptr, std::make_shared<Folder>()}}});
      at->sync();
    }
    at = at->find(parts[i])->folder.get();
  }
  auto node = std::make_shared<FileNode>();
  node->write(0, std::as_bytes(std::span(contents)));
  node->sync();
  at->change({{parts.back(), Entry{node, nullptr}}});
  at->sync();
}

void FaultFileSystem::overwrite(const std::string& path, std::uint64_t offset,
                                std::string_view bytes) {
  const std::lock_guard lock(disk_->mutex);
  const Entry* entry = disk_->entry_at(path);
  if (entry == nullptr || !entry->file) std::abort();
  entry->file->overwrite(offset, bytes);
}

void FaultFileSystem::erase(const std::string& path) {
  const std::lock_guard lock(disk_->mutex);
  const auto parts = parts_of(path);
  Folder* parent = disk_->parent_of(parts);
  if (parent == nullptr) return;
  parent->change({{parts.back(), std::nullopt}});
  parent->sync();
}

std::shared_ptr<FaultFileSystem> FaultFileSystem::copy() const {
  const std::lock_guard lock(disk_->mutex);
  auto disk = std::make_shared<Disk>(disk_->dice.next(), disk_->boot);
  disk->root = all_durable(*disk_->root, false);
  return std::shared_ptr<FaultFileSystem>(new FaultFileSystem(std::move(disk)));
}

std::shared_ptr<FaultFileSystem> FaultFileSystem::settled() const {
  const std::lock_guard lock(disk_->mutex);
  auto disk = std::make_shared<Disk>(disk_->dice.next(), disk_->boot);
  disk->root = all_durable(*disk_->root, true);
  return std::shared_ptr<FaultFileSystem>(new FaultFileSystem(std::move(disk)));
}

}  // namespace annals::testkit
