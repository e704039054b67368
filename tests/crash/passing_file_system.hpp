#pragma once

#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>

namespace annals::test {

/// The operating system's files, for tests that change one thing about them.
class PassingFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    return below_->open(path, mode);
  }
  Result<bool> exists(const std::string& path) override { return below_->exists(path); }
  Result<void> create_directories(const std::string& path) override {
    return below_->create_directories(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return below_->list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return below_->rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return below_->remove(path); }
  Result<void> sync_directory(const std::string& path) override {
    return below_->sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return below_->lock(path);
  }
  std::string boot_id(const std::string& folder) override { return below_->boot_id(folder); }

 private:
  std::shared_ptr<FileSystem> below_ = posix_file_system();
};

}  // namespace annals::test
