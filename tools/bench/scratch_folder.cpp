#include "scratch_folder.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>

namespace annals::bench {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make(const fs::path& below) {
  std::error_code error;
  fs::create_directories(below, error);
  std::string name = (below / "annals-bench-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "cannot make a folder in " + below.string() + ": " +
                            (error ? error.message() : std::strerror(errno))};
  }
  return ScratchFolder(std::move(name));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

fs::path ScratchFolder::fresh(const std::string& name) const {
  const fs::path path = path_ / name;
  std::error_code ignored;
  fs::remove_all(path, ignored);
  return path;
}

bool ScratchFolder::in_memory() const {
  struct statfs info {};
  return ::statfs(path_.c_str(), &info) == 0 &&
         (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

}  // namespace annals::bench
