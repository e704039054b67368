#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/holder.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace annals {
namespace {

/// What tells a file from others on its disk, those that have had its number before it included.
struct FileBirth {
  std::string device;
  std::uint64_t number = 0;
  std::int64_t seconds = 0;  // With nanoseconds: 0 where the disk does not keep them.
  std::uint32_t nanoseconds = 0;
};
std::optional<FileBirth> birth_of(int descriptor) {
  struct statx info {};
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) return {};
  FileBirth birth{std::to_string(info.stx_dev_major) + '.' + std::to_string(info.stx_dev_minor),
                  info.stx_ino};
  if ((info.stx_mask & STATX_BTIME) != 0) {
    birth.seconds = info.stx_btime.tv_sec;
    birth.nanoseconds = info.stx_btime.tv_nsec;
  }
  return birth;
}

Error failed(const char* what, const std::string& path, int reason = errno) {
  return {ErrorCode::unavailable, std::string(what) + ' ' + path + ": " + std::strerror(reason)};
}

/// Closes a descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

/// A mapping, for reading (Mapping, const std::byte) or also for writing.
template <typename Base, typename Byte>
class PosixMappingOf final : public Base {
 public:
  PosixMappingOf(void* start, std::size_t bytes) : start_(start), bytes_(bytes) {}
  PosixMappingOf(const PosixMappingOf&) = delete;
  PosixMappingOf& operator=(const PosixMappingOf&) = delete;
  ~PosixMappingOf() override { ::munmap(start_, bytes_); }
  std::span<Byte> bytes() const override { return {static_cast<Byte*>(start_), bytes_}; }

 private:
  void* start_;
  std::size_t bytes_;
};
using PosixMapping = PosixMappingOf<Mapping, const std::byte>;
using PosixWritableMapping = PosixMappingOf<WritableMapping, std::byte>;

class EmptyMapping final : public Mapping {
 public:
  std::span<const std::byte> bytes() const override { return {}; }
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    while (!data.empty()) {
      const ssize_t wrote =
          ::pwrite(descriptor_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (wrote < 0) {
        if (errno == EINTR) continue;
        return failed("cannot write", path_);
      }
      data = data.subspan(static_cast<std::size_t>(wrote));
      offset += static_cast<std::uint64_t>(wrote);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return failed("cannot read", path_);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> sync() override {
    // Never tried again: after a failure the page cache may have dropped what it could not write.
    if (::fdatasync(descriptor_.get()) != 0) return failed("cannot sync", path_);
    return {};
  }

  void begin_sync(std::uint64_t offset, std::uint64_t bytes) override {
    // If it fails, sync() will say so.
    (void)::sync_file_range(descriptor_.get(), static_cast<off_t>(offset),
                            static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  }

  Result<void> allocate(std::uint64_t bytes) override {
    const int error = ::posix_fallocate(descriptor_.get(), 0, static_cast<off_t>(bytes));
    if (error != 0) return failed("cannot make room for", path_, error);
    return {};
  }

  Result<void> truncate(std::uint64_t bytes) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) {
      return failed("cannot truncate", path_);
    }
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(descriptor_.get(), &info) != 0) return failed("cannot look at", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const override {
    if (bytes == 0) return std::shared_ptr<const Mapping>(std::make_shared<EmptyMapping>());
    void* const start = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor_.get(), 0);
    if (start == MAP_FAILED) return failed("cannot map", path_);
    return std::shared_ptr<const Mapping>(std::make_shared<PosixMapping>(start, bytes));
  }

  Result<std::shared_ptr<WritableMapping>> map_writable(std::uint64_t offset,
                                                        std::uint64_t bytes) override {
    void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                               descriptor_.get(), static_cast<off_t>(offset));
    if (start == MAP_FAILED) return failed("cannot map", path_);
    return std::shared_ptr<WritableMapping>(std::make_shared<PosixWritableMapping>(start, bytes));
  }

  Result<std::string> identity() const override {
    const auto birth = birth_of(descriptor_.get());
    if (!birth) return failed("cannot look at", path_);
    return birth->device + ':' + std::to_string(birth->number) + ':' +
           std::to_string(birth->seconds) + '.' + std::to_string(birth->nanoseconds);
  }
  std::uint64_t number() const override {
    const auto birth = birth_of(descriptor_.get());
    if (!birth) return 0;
    constexpr std::uint64_t nanoseconds_in_second = 1'000'000'000;
    constexpr std::uint64_t spread = 0x9E3779B97F4A7C15U;  // 2^64 over the golden ratio: odd.
    const std::uint64_t born =
        static_cast<std::uint64_t>(birth->seconds) * nanoseconds_in_second + birth->nanoseconds;
    return std::max<std::uint64_t>(birth->number * spread ^ born, 1);
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  PosixFileLock(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<void> check() const override {
    struct stat locked {};
    struct stat there {};
    if (::fstat(descriptor_.get(), &locked) != 0) return failed("cannot look at", path_);
    if (::stat(path_.c_str(), &there) == 0 && locked.st_dev == there.st_dev &&
        locked.st_ino == there.st_ino) {
      return {};
    }
    return Error{ErrorCode::unavailable,
                 path_ +
                     " is no longer the file that was locked: it, or its folder, was removed, "
                     "moved or replaced"};
  }

 private:
  Descriptor descriptor_;  // Closing it lets the lock go, as does the end of the process.
  std::string path_;
};

/// What a lock's file says of the process that has taken it: its number, and what tells it from
/// others of that number.
std::string lock_text() {
  const Holder self = make_holder();
  return std::to_string(self.pid) + '\n' + std::to_string(self.started) + '\n' + self.host + '\n';
}

/// "The lock is held", by whom its file says. A process that was forked from that one has the lock
/// as well, and keeps it when that one ends.
Error already_held(const std::string& path) {
  std::string pid;
  Holder holder;
  // Whoever has just taken it has not written its name yet.
  for (int tries = 0; tries < 5; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::ifstream file(path);
    holder = {};
    pid.clear();
    std::getline(file, pid);
    file >> holder.started >> holder.host;  // Without them it counts as alive.
    holder.pid = std::strtoll(pid.c_str(), nullptr, 10);
    if (!pid.empty() && may_be_alive(holder)) break;
  }
  if (!may_be_alive(holder)) {
    return {ErrorCode::unavailable,
            path + " is locked: process " + pid +
                ", which had this store open for writing, has ended; a process that it started "
                "(forked) may still hold the lock, and fuser and lsof say which has the file open"};
  }
  return {ErrorCode::unavailable,
          path + " is locked: process " + (pid.empty() ? "?" : pid) +
              " has this store open for writing; one process writes, others open it read-only"};
}

std::string random_name() {
  std::array<unsigned char, 16> bytes{};
  std::string name = "process " + std::to_string(::getpid());
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return name + ' ' + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  for (const unsigned char byte : bytes) name += ' ' + std::to_string(byte);
  return name;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    int flags = O_CLOEXEC;
    switch (mode) {
      case Mode::read: flags |= O_RDONLY; break;
      case Mode::read_write: flags |= O_RDWR; break;
      case Mode::create_new: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    }
    // Without O_NONBLOCK a pipe of that name would be waited for.
    Descriptor descriptor(::open(path.c_str(), flags | O_NONBLOCK, 0644));
    if (descriptor.get() < 0) return failed("cannot open", path);
    struct stat info {};
    if (::fstat(descriptor.get(), &info) != 0) return failed("cannot look at", path);
    if (!S_ISREG(info.st_mode)) {
      return Error{ErrorCode::unavailable, "cannot open " + path + ": it is no regular file"};
    }
    return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(descriptor), path));
  }

  Result<bool> exists(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failed("cannot look at", path);
  }

  Result<void> create_directories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failed("cannot make folder", path, error.value());
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error) return failed("cannot list", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("cannot rename to", to);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failed("cannot remove", path);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0) return failed("cannot open folder", path);
    if (::fsync(descriptor.get()) != 0) return failed("cannot sync folder", path);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (descriptor.get() < 0) return failed("cannot open", path);
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failed("cannot lock", path);
      return already_held(path);
    }
    // For the message above only: the lock is what counts, also on a disk that is full.
    const std::string text = lock_text();
    if (::ftruncate(descriptor.get(), 0) == 0) {
      (void)::pwrite(descriptor.get(), text.data(), text.size(), 0);
    }
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(descriptor), path));
  }

  std::string absolute(const std::string& path) override {
    std::error_code error;
    const auto full = std::filesystem::absolute(path, error);
    return error ? path : full.string();
  }

  std::string boot_id(const std::string& folder) override {
    std::string id;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
    if (id.empty()) {
      // Where /proc is hidden nothing is known but that this process lives.
      static const std::string unknown = random_name();
      id = unknown;
    }
    // A copy of a disk that is mounted beside it is another one.
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0) id += ' ' + std::to_string(info.st_dev);
    return id;
  }
};

}  // namespace

std::shared_ptr<FileSystem> posix_file_system() {
  static const auto files = std::make_shared<PosixFileSystem>();
  return files;
}

}  // namespace annals
