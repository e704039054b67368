#include <algorithm>
#include <cstring>

#include <annals/testkit/fault_file_system.hpp>

#include "fault_file_system_disk.hpp"

namespace annals::testkit {

using internal::Entry;
using internal::FileNode;
using internal::Folder;
using internal::full_text;
using internal::io_error_text;
using internal::missing_text;
using internal::off_text;
using internal::parts_of;
using internal::read_only_text;
using internal::refusal;

class FaultFileSystem::HeldLock final : public FileLock {
 public:
  HeldLock(std::shared_ptr<Disk> disk, std::shared_ptr<FileNode> node)
      : disk_(std::move(disk)), node_(std::move(node)) {}
  ~HeldLock() override {
    const std::lock_guard lock(disk_->mutex);
    disk_->locked.erase(node_.get());
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::shared_ptr<FileNode> node_;
};

class FaultFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, std::shared_ptr<FileNode> node, std::string path,
           bool writable)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    if (!writable_) return refusal(path_, "not open for writing");
    return disk_->change(
        path_, true, [&](bool torn) { return disk_->write(*node_, path_, offset, data, torn); });
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    const std::lock_guard lock(disk_->mutex);
    if (auto begun = disk_->begin_read(path_); !begun) return begun.error();
    if (offset >= node_->size()) return std::size_t{0};
    const std::size_t count = std::min<std::uint64_t>(into.size(), node_->size() - offset);
    std::memcpy(into.data(), node_->pages()->data() + offset, count);
    return count;
  }

  Result<void> sync() override {
    return disk_->change(path_, false, [&](bool) { return disk_->sync(*node_, path_); });
  }

  Result<void> allocate(std::uint64_t bytes) override {
    if (!writable_) return refusal(path_, "not open for writing");
    return disk_->change(path_, false, [&](bool) -> Result<void> {
      if (bytes <= node_->size()) return {};
      return disk_->resize(*node_, path_, bytes);
    });
  }

  Result<void> truncate(std::uint64_t bytes) override {
    if (!writable_) return refusal(path_, "not open for writing");
    return disk_->change(path_, false, [&](bool) { return disk_->resize(*node_, path_, bytes); });
  }

  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(disk_->mutex);
    if (disk_->off) return refusal(path_, off_text);
    return node_->size();
  }

  Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const override {
    const std::lock_guard lock(disk_->mutex);
    if (auto begun = disk_->begin_read(path_); !begun) return begun.error();
    if (bytes > node_->size()) {
      return refusal(path_, "cannot map " + std::to_string(bytes) + " bytes of " +
                                std::to_string(node_->size()));
    }
    return std::shared_ptr<const Mapping>(std::make_shared<View>(node_->pages(), bytes));
  }

  Result<std::shared_ptr<WritableMapping>> map_writable(std::uint64_t offset,
                                                        std::uint64_t bytes) override {
    const std::lock_guard lock(disk_->mutex);
    if (auto begun = disk_->begin_read(path_); !begun) return begun.error();
    if (!writable_ || disk_->read_only || offset + bytes > node_->size()) {
      return refusal(path_, "cannot map " + std::to_string(bytes) + " bytes for writing");
    }
    node_->map_writable(offset, bytes);
    return std::shared_ptr<WritableMapping>(
        std::make_shared<WritableView>(node_->pages(), offset, bytes));
  }

  Result<std::string> identity() const override { return std::to_string(node_->number()); }
  std::uint64_t number() const override { return node_->number(); }

 private:
  class WritableView final : public WritableMapping {
   public:
    WritableView(std::shared_ptr<internal::Pages> pages, std::uint64_t offset, std::uint64_t bytes)
        : pages_(std::move(pages)), offset_(offset), bytes_(bytes) {}
    std::span<std::byte> bytes() const override { return {pages_->data() + offset_, bytes_}; }

   private:
    std::shared_ptr<internal::Pages> pages_;
    std::uint64_t offset_;
    std::uint64_t bytes_;
  };

  class View final : public Mapping {
   public:
    View(std::shared_ptr<internal::Pages> pages, std::uint64_t bytes)
        : pages_(std::move(pages)), bytes_(bytes) {}
    std::span<const std::byte> bytes() const override { return {pages_->data(), bytes_}; }

   private:
    std::shared_ptr<internal::Pages> pages_;
    std::uint64_t bytes_;
  };

  std::shared_ptr<Disk> disk_;
  std::shared_ptr<FileNode> node_;
  std::string path_;
  bool writable_;
};

FaultFileSystem::FaultFileSystem(std::uint64_t seed) : disk_(std::make_shared<Disk>(seed, 1)) {}
FaultFileSystem::FaultFileSystem(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
FaultFileSystem::~FaultFileSystem() = default;

Result<std::unique_ptr<File>> FaultFileSystem::open(const std::string& path, Mode mode) {
  std::shared_ptr<FileNode> node;
  if (mode == Mode::create_new) {
    const Result<void> made = disk_->change(path, false, [&](bool) -> Result<void> {
      if (disk_->entry_at(path) != nullptr) return refusal(path, "File exists");
      auto created = disk_->create(path);
      if (!created) return created.error();
      node = *created;
      return {};
    });
    if (!made) return made.error();
  } else {
    const std::lock_guard lock(disk_->mutex);
    if (disk_->off) return refusal(path, off_text);
    const Entry* entry = disk_->entry_at(path);
    if (entry == nullptr) return refusal(path, missing_text);
    if (!entry->file) return refusal(path, "Is a directory");
    if (mode == Mode::read_write && disk_->read_only) return refusal(path, read_only_text);
    node = entry->file;
  }
  return std::unique_ptr<File>(
      std::make_unique<OpenFile>(disk_, std::move(node), path, mode != Mode::read));
}

Result<bool> FaultFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(disk_->mutex);
  if (disk_->off) return refusal(path, off_text);
  return parts_of(path).empty() || disk_->entry_at(path) != nullptr;
}

Result<void> FaultFileSystem::create_directories(const std::string& path) {
  return disk_->change(path, false, [&](bool) -> Result<void> {
    Folder* at = disk_->root.get();
    for (const std::string& part : parts_of(path)) {
      const Entry* entry = at->find(part);
      if (entry != nullptr && !entry->folder) return refusal(path, "Not a directory");
      if (entry == nullptr) {
        if (!disk_->has_room()) return refusal(path, full_text);
        at->change({{part, Entry{nullptr, std::make_shared<Folder>()}}});
        entry = at->find(part);
      }
      at = entry->folder.get();
    }
    return {};
  });
}

Result<std::vector<std::string>> FaultFileSystem::list(const std::string& path) {
  const std::lock_guard lock(disk_->mutex);
  if (disk_->off) return refusal(path, off_text);
  const auto parts = parts_of(path);
  const Folder* folder = disk_->folder_at(parts, parts.size());
  if (folder == nullptr) return refusal(path, missing_text);
  std::vector<std::string> names;
  for (const auto& [name, entry] : folder->names()) names.push_back(name);
  return names;
}

Result<void> FaultFileSystem::rename(const std::string& from, const std::string& to) {
  return disk_->change(from, false, [&](bool) -> Result<void> {
    const auto from_parts = parts_of(from);
    const auto to_parts = parts_of(to);
    Folder* folder = disk_->parent_of(from_parts);
    const Entry* entry = folder == nullptr ? nullptr : folder->find(from_parts.back());
    if (entry == nullptr) return refusal(from, missing_text);
    if (disk_->parent_of(to_parts) != folder) return refusal(to, "not in the same folder");
    folder->change({{from_parts.back(), std::nullopt}, {to_parts.back(), *entry}});
    return {};
  });
}

Result<void> FaultFileSystem::remove(const std::string& path) {
  return disk_->change(path, false, [&](bool) -> Result<void> {
    const Entry* entry = disk_->entry_at(path);
    if (entry == nullptr) return refusal(path, missing_text);
    if (entry->folder && !entry->folder->names().empty()) {
      return refusal(path, "Directory not empty");
    }
    const auto parts = parts_of(path);
    disk_->parent_of(parts)->change({{parts.back(), std::nullopt}});
    return {};
  });
}

Result<void> FaultFileSystem::sync_directory(const std::string& path) {
  return disk_->change(path, false, [&](bool) -> Result<void> {
    const auto parts = parts_of(path);
    Folder* folder = disk_->folder_at(parts, parts.size());
    if (folder == nullptr) return refusal(path, missing_text);
    if (disk_->sync_directory_fuse.burns()) return refusal(path, io_error_text);
    folder->sync();
    return {};
  });
}

Result<std::unique_ptr<FileLock>> FaultFileSystem::lock(const std::string& path) {
  auto found = exists(path);
  if (!found) return found.error();
  if (!*found) {
    // Whoever comes first makes it; the other one finds it.
    auto made = open(path, Mode::create_new);
    found = exists(path);
    if (!found) return found.error();
    if (!*found) return made.error();
  }
  const std::lock_guard lock(disk_->mutex);
  if (disk_->off) return refusal(path, off_text);
  if (disk_->read_only) return refusal(path, read_only_text);
  const Entry* entry = disk_->entry_at(path);
  if (entry == nullptr || !entry->file) return refusal(path, missing_text);
  if (!disk_->locked.insert(entry->file.get()).second) {
    return refusal(path, "the lock is held by another writer");
  }
  return std::unique_ptr<FileLock>(std::make_unique<HeldLock>(disk_, entry->file));
}

std::string FaultFileSystem::boot_id(const std::string&) {
  const std::lock_guard lock(disk_->mutex);
  return "boot-" + std::to_string(disk_->boot);
}

}  // namespace annals::testkit
