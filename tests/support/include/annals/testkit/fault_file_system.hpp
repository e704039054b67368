/// @file
/// A disk in memory that forgets what was not synced, fails on demand, and repeats by seed.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/file_system.hpp>

namespace annals::testkit {

/// Which of all outcomes a power loss has.
struct PowerLoss {
  std::uint64_t seed = 0;
};

/// A FileSystem that keeps two versions of each file: what programs see (the cache) and what the
/// device has. A write is in the cache at once and on the device after File::sync; a name is there
/// after sync_directory of its folder. Mappings show later writes, as a shared mapping does.
///
/// Thread-safe. Without faults asked for it behaves as a disk should. Faults are counted from the
/// call that asks for them: `fail_sync(1)` is the next one. "Changing operations" are all that
/// could leave something behind: open that creates, write, sync, allocate, truncate, rename,
/// remove, create_directories, sync_directory, lock that creates.
///
/// A crash ends this object: each of its operations answers `unavailable` from then on, so that an
/// engine that still holds it can do no more harm, and the surviving disk is a new object.
class FaultFileSystem final : public FileSystem {
 public:
  /// `seed` decides what partial writes and failed syncs leave behind.
  explicit FaultFileSystem(std::uint64_t seed = 1);
  ~FaultFileSystem() override;

  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  /// Within one folder only.
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  std::string boot_id(const std::string& folder) override;

  // Crashes.

  /// The disk after a power loss: durable bytes are kept; unsynced writes are cut into pieces, each
  /// of which is kept or lost, in any combination; so are unsynced names. The boot id changes.
  std::shared_ptr<FaultFileSystem> power_loss(PowerLoss loss);
  /// The disk after kill -9: everything written is still in the cache, and unsynced; locks are
  /// free.
  std::shared_ptr<FaultFileSystem> process_crash();
  /// The same as process_crash(), and this one goes on: to try several outcomes.
  std::shared_ptr<FaultFileSystem> fork() const;
  /// After `operations` more changing ones the next takes place in part, or wholly, or not at all,
  /// and fails, as do all that follow it.
  void switch_off_after(std::uint64_t operations);
  bool is_off() const;
  /// Changing operations so far.
  std::uint64_t operations() const;

  // Faults.

  /// What programs see of the writes that a failed sync lost.
  enum class AfterFailedSync : std::uint8_t {
    cache_shows,    ///< All of them, as if nothing had happened.
    cache_forgets,  ///< None: the pages, clean now, were dropped and read again from the device.
  };
  /// The nth File::sync fails as Linux does it: an unknown part of what was unsynced reached the
  /// device, the rest never will unless it is written again, and the next sync answers success.
  void fail_sync(std::uint64_t nth, AfterFailedSync cache = AfterFailedSync::cache_shows);
  void fail_sync_directory(std::uint64_t nth);
  /// The nth write_at writes a part and fails.
  void fail_write(std::uint64_t nth);
  /// The nth read_at or map fails.
  void fail_read(std::uint64_t nth);
  /// From the nth operation that needs space on (allocate or write_at that grow a file, a new file
  /// or folder), all such fail until free_space().
  void fill_disk(std::uint64_t nth);
  void free_space();
  /// Every changing operation, and opening for writing, is refused.
  void set_read_only(bool read_only);
  /// File::sync answers success and does nothing: what an engine without syncs would do.
  void ignore_syncs(bool ignore);

  // Standing still, to decide what happens while an operation is under way.

  /// Every changing operation waits until release().
  void hold();
  void release();
  /// Waits until an operation waits, or release() was called.
  void await_waiting_operation();

  // Looking and damaging. What these change is durable at once.

  /// Paths of all files, sorted.
  std::vector<std::string> files() const;
  /// What programs see. REQUIRES: the file exists
  std::string contents(const std::string& path) const;
  /// Makes or replaces a file, its folders included.
  void put(const std::string& path, std::string_view contents);
  void erase(const std::string& path);
  /// Changes bytes of a file, which stays the same file: put() makes another one. What lies beyond
  /// its end is left out. REQUIRES: the file exists
  void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes);
  /// A disk with the same files, all durable, and nothing else in common.
  std::shared_ptr<FaultFileSystem> copy() const;
  /// This disk as it becomes when all is durable, with the same files; this one goes on.
  std::shared_ptr<FaultFileSystem> settled() const;

  struct Counters {
    std::uint64_t writes = 0;
    std::uint64_t reads = 0;
    std::uint64_t syncs = 0;  ///< Of files, failed ones included.
    std::uint64_t failed_syncs = 0;
    std::uint64_t space_requests = 0;  ///< What fill_disk counts.
    std::uint64_t pieces_lost = 0;     ///< In the power loss that this disk is the outcome of.
    std::uint64_t pieces_kept = 0;     ///< Likewise: unsynced ones that survived it.
  };
  Counters counters() const;

 private:
  struct Disk;
  class OpenFile;
  class HeldLock;

  explicit FaultFileSystem(std::shared_ptr<Disk> disk);

  std::shared_ptr<Disk> disk_;
};

}  // namespace annals::testkit
