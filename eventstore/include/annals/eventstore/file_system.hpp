/// @file
/// All the log engine asks of a disk, so that tests can take the disk's place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

namespace annals {

/// Bytes of a file that are read as memory. Writes to the file show in it. Thread-safe.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual std::span<const std::byte> bytes() const = 0;
};

/// The same, to be written as memory. What is written there is as durable as any other write: after
/// File::sync.
class WritableMapping {
 public:
  virtual ~WritableMapping() = default;
  virtual std::span<std::byte> bytes() const = 0;
};

/// An open file. Writes from different threads to different ranges are allowed.
class File {
 public:
  virtual ~File() = default;

  /// Writes all of `data` at `offset`. On an error any part of it may have been written.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> data) = 0;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const = 0;
  /// Makes everything written durable. After a failure nothing is known about what was written
  /// since the last success, and asking again proves nothing.
  virtual Result<void> sync() = 0;
  /// May begin to bring these bytes to the disk, without waiting and without a promise: sync() has
  /// less to do then.
  virtual void begin_sync(std::uint64_t offset, std::uint64_t bytes);
  /// Makes sure that `bytes` from the start exist and have room on the disk; new ones read as zero.
  virtual Result<void> allocate(std::uint64_t bytes) = 0;
  virtual Result<void> truncate(std::uint64_t bytes) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  /// Maps the first `bytes`, which must exist.
  virtual Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const = 0;
  /// Maps `bytes` from `offset` on, which must exist. The offset is a multiple of 64 KiB. A disk
  /// may not offer it: the log then keeps in memory what it would keep there.
  virtual Result<std::shared_ptr<WritableMapping>> map_writable(std::uint64_t offset,
                                                                std::uint64_t bytes);
  /// Tells this file from every other one of the machine, copies of it included.
  virtual Result<std::string> identity() const;
  /// Likewise, but stays when the machine starts anew, and on another one that the disk is put
  /// into. 0: it cannot be told.
  virtual std::uint64_t number() const { return 0; }
};

/// Holds a lock until destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;

  /// Whether the path that was locked still leads to the locked file: it, or a folder above it, may
  /// have been removed, moved or replaced. Errors: unavailable.
  virtual Result<void> check() const { return {}; }
};

/// A disk. Thread-safe. Paths are as the operating system takes them.
///
/// Errors of all functions: unavailable, with the path and the system's reason.
class FileSystem {
 public:
  enum class Mode : std::uint8_t { read, read_write, create_new };

  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<void> create_directories(const std::string& path) = 0;
  /// Names in a folder, without the folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Takes the place of `to` in one step. Durable after sync_directory.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  /// Makes the names in a folder durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Takes the lock on `path`, which is created if missing, or says at once that it is held.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// The same place, whatever the working directory becomes later.
  virtual std::string absolute(const std::string& path) { return path; }
  /// Differs after a restart of the machine, and of what holds `folder`, as far as that can be
  /// told: what was written but not synced may be lost by then. Never empty.
  virtual std::string boot_id(const std::string& folder) = 0;
};

/// The operating system's files.
std::shared_ptr<FileSystem> posix_file_system();

}  // namespace annals
