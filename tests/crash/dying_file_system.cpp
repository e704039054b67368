#include "dying_file_system.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <ostream>
#include <utility>

#include "passing_file_system.hpp"

#include <unistd.h>

namespace annals::crash {
namespace {

constexpr std::array<std::string_view, 6> names{"never",       "before_write", "in_write",
                                                "after_write", "after_sync",   "after_mark"};

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// Which group is being written, as seen from below.
struct Countdown {
  KillPoint point;
  std::uint64_t nth;
  std::atomic<std::uint64_t> groups = 0;
  bool now(KillPoint at) const { return point == at && groups.load() == nth; }
};

class DyingFile final : public File {
 public:
  DyingFile(std::unique_ptr<File> file, std::shared_ptr<Countdown> countdown, bool segment,
            bool mark)
      : file_(std::move(file)), countdown_(std::move(countdown)), segment_(segment), mark_(mark) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    // A group begins with its length; zeros are written ahead, and the first write is the header.
    const bool group = segment_ && offset > 0 && begins_with_a_number(data);
    if (group) ++countdown_->groups;
    if (group && countdown_->now(KillPoint::before_write)) die();
    if (group && countdown_->now(KillPoint::in_write)) {
      (void)file_->write_at(offset, data.first(data.size() / 2));
      die();
    }
    auto wrote = file_->write_at(offset, data);
    if (group && countdown_->now(KillPoint::after_write)) die();
    if (mark_ && countdown_->now(KillPoint::after_mark)) die();
    return wrote;
  }
  Result<void> sync() override {
    auto synced = file_->sync();
    if (segment_ && countdown_->now(KillPoint::after_sync)) die();
    return synced;
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    return file_->read_at(offset, into);
  }
  Result<void> allocate(std::uint64_t bytes) override { return file_->allocate(bytes); }
  Result<void> truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const override {
    return file_->map(bytes);
  }
  Result<std::shared_ptr<WritableMapping>> map_writable(std::uint64_t offset,
                                                        std::uint64_t bytes) override {
    // A mark stored through a mapping could not be counted; it is written then, at the same place.
    if (mark_) return File::map_writable(offset, bytes);
    return file_->map_writable(offset, bytes);
  }
  Result<std::string> identity() const override { return file_->identity(); }
  std::uint64_t number() const override { return file_->number(); }

 private:
  static bool begins_with_a_number(std::span<const std::byte> data) {
    return std::any_of(data.begin(), data.begin() + 4,
                       [](std::byte byte) { return byte != std::byte{0}; });
  }

  std::unique_ptr<File> file_;
  std::shared_ptr<Countdown> countdown_;
  bool segment_;
  bool mark_;
};

class DyingFileSystem final : public test::PassingFileSystem {
 public:
  DyingFileSystem(KillPoint point, std::uint64_t nth)
      : countdown_(std::make_shared<Countdown>(point, nth)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    auto file = PassingFileSystem::open(path, mode);
    if (!file) return file;
    const std::string name = path.substr(path.rfind('/') + 1);
    return std::unique_ptr<File>(std::make_unique<DyingFile>(
        std::move(*file), countdown_, name.starts_with("segment-") && name.ends_with(".log"),
        name == "mark"));
  }

 private:
  std::shared_ptr<Countdown> countdown_;
};

}  // namespace

std::string_view to_string(KillPoint point) { return names[static_cast<std::size_t>(point)]; }

void PrintTo(KillPoint point, std::ostream* out) { *out << to_string(point); }

KillPoint kill_point_of(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<KillPoint>(i);
  }
  return KillPoint::never;
}

std::shared_ptr<FileSystem> dying_file_system(KillPoint point, std::uint64_t nth) {
  return std::make_shared<DyingFileSystem>(point, nth);
}

}  // namespace annals::crash
