/// @file
/// The embedded engine: a folder of checksummed, hash-linked segment files.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/store_identity.hpp>
#include <annals/eventstore/time.hpp>

namespace annals {

/// When an append is answered.
enum class Durability : std::uint8_t {
  /// After a sync of the device: survives kill -9 and power loss. One sync answers a whole group of
  /// appends.
  synced,
  /// After the write to the operating system: survives kill -9, but power loss may take the last
  /// seconds. Shows in Stats::durability as "survives_process_only".
  survives_process_only,
};

/// What becomes of segments that are complete.
enum class Compression : std::uint8_t {
  /// They stay as they are.
  none,
  /// They are compressed (zstd, with a dictionary learnt from each) on a background thread, which
  /// costs about a core while events come in fast. Reads find the same events at the same places;
  /// one that is not in memory takes some tens of microseconds more. Once a store was written to
  /// with it, an annals that knows no compression refuses it (`unsupported`).
  zstd,
};

struct LogOptions {
  enum class Access : std::uint8_t {
    create,      ///< Write; make the store, and its folder, if there is none.
    must_exist,  ///< Write; `unavailable` if there is no store.
    read_only,   ///< Read beside a writer or without one; never changes a file.
  };

  std::string path;  ///< The store's folder.
  Access access = Access::create;
  Durability durability = Durability::synced;
  Limits limits = {};
  /// Bytes of one segment file, from 64 KiB to 1 GiB. Raised for an append that needs more.
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  /// How far the clock may be behind the last event, and a known_at beyond the clock.
  std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);
  /// An operator has seen that the clock is behind by more than that: append all the same, with the
  /// last event's time until the clock has caught up.
  bool accept_clock_behind = false;
  /// An operator accepts that the file `mark` is lost: what the segments hold is taken for all that
  /// was ever acknowledged. Without it such a store is `corrupt`.
  bool accept_lost_mark = false;
  /// The identity of a store that is made, in place of a new one: for an exact import. Its last era
  /// may begin beyond the head, and the store then is opened only with this identity again, until
  /// it has reached that position.
  std::optional<StoreIdentity> identity = {};
  /// Bytes of requests waiting or being written; append_async blocks beyond it.
  std::uint64_t in_flight_bytes_max = 64 * 1024 * 1024;
  /// For a store that is written to. What is compressed stays so without it.
  Compression compression = Compression::none;
  /// Of compressed segments, this much of what was read last is kept in memory.
  std::uint64_t block_cache_bytes = 16 * 1024 * 1024;
  std::shared_ptr<const Clock> clock = system_clock();
  std::shared_ptr<FileSystem> files = posix_file_system();
};

/// Opens or makes the store in a folder. One process may write (a file lock says who); any number
/// may read at the same time. A group that a crash left unfinished is cut and shows in Stats.
/// Reads the segment that was written to last; the others have their index in files. Damage in them
/// is found when they are read.
///
/// Errors: unavailable (no store, a folder with other files, locked by another writer, read-only or
/// full disk),
/// corrupt (with file and offset), unsupported (a newer format), invalid_argument (options).
Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options);

/// Proves a store's files without opening it, so that damage is reported and not refused. Takes no
/// lock and changes nothing; beside a live writer it sees what was durable when it began.
///
/// Errors: unavailable (no store there, or it cannot be read), unsupported.
Result<VerifyReport> verify_log_files(const LogOptions& options, const VerifyOptions& verify);

}  // namespace annals
