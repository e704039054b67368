/// @file
/// Copies of a log store: backups of one that goes on being written to, and stores made from them.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <annals/eventstore/log_event_store.hpp>

namespace annals {

struct BackupOptions {
  /// Snapshots are a cache: without them a restored store folds again what it needs.
  bool snapshots = true;
  /// The copy is read again, and its checksums, contents and links are proved, before it counts.
  bool verify = true;
  /// Called now and then with (bytes done, bytes to do); return false to give up.
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

struct RestoreOptions {
  /// The store's new era. Absent: the one after the backup's. Whoever restores a second time from
  /// the same backup says a higher one, so that nobody takes the two histories for one.
  std::optional<Era> era = {};
  /// Absent: all of the backup. Otherwise history ends with the last group of appends (those that
  /// were written together, see docs/reference/log_format.md) that ends at or before this position,
  /// as the report says. Damage behind that does no harm.
  std::optional<GlobalPosition> last = {};
  bool verify = true;
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

/// What a copy holds.
struct BackupReport {
  StoreId store;
  Era era;                  ///< Of the copy.
  GlobalPosition position;  ///< The last position it holds ...
  Link link;                ///< ... and its link, for an auditor to write down.
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;  ///< Copied; files may be larger, by free space ahead.
  bool verified = false;
};

/// Whether `path` is the folder `folder` or lies in it, however both are written and whatever
/// symbolic links lead there. Neither needs to exist.
bool lies_inside(const std::string& path, const std::string& folder);

/// Copies the store in `options.path` into the folder `destination`, which must be empty or
/// missing, and makes the copy durable. May run beside a writer: the copy holds all that was
/// durable when it began. Its MANIFEST is written last, so that what a crash leaves is no store.
/// An error leaves nothing in the destination; the folder itself stays, empty, if it was made. The
/// store is not changed.
///
/// Errors: unavailable (no store there, a destination that holds something, a full disk), corrupt
/// (the store is damaged: with place), invalid_argument (a destination inside the store), timeout
/// (given up).
Result<BackupReport> backup_log(const LogOptions& options, const std::string& destination,
                                const BackupOptions& backup = {});

/// Makes a store in `options.path`, an empty or missing folder, from the one in the folder
/// `backup`, which is left as it is: the same id and history, and a new era that begins behind it.
/// Consumers of the old store that had seen no more than the backup holds go on; those that had are
/// told `diverged`.
///
/// Errors: as backup_log; invalid_argument (an era that is not higher than the backup's, or one
/// that leaves none for a later restore: 2^32 - 1, unless it is the next one); with `last` also
/// diverged (it lies beyond the end), and corrupt says in `position` how far the backup is whole.
Result<BackupReport> restore_log(const std::string& backup, const LogOptions& options,
                                 const RestoreOptions& restore = {});

}  // namespace annals
