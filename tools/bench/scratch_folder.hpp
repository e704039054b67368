/// @file
/// Where the stores of a run live.

#pragma once

#include <filesystem>
#include <string>

#include <annals/eventstore/result.hpp>

namespace annals::bench {

/// A new folder that is removed with all it holds.
class ScratchFolder {
 public:
  /// Errors: unavailable.
  static Result<ScratchFolder> make(const std::filesystem::path& below);

  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }
  /// The path of a new folder inside, removed before if it is there.
  std::filesystem::path fresh(const std::string& name) const;
  /// A tmpfs has no device: syncing it costs nothing and proves nothing.
  bool in_memory() const;

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace annals::bench
