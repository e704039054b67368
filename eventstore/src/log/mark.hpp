#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/file_system.hpp>
#include <annals/eventstore/stats.hpp>

namespace annals::internal {

/// How far the log was durable when it was last said. Written after each sync, but not synced
/// itself except when a store is made or opened, at roll-over and at a clean close: after a process
/// crash it is exact, after a power loss it may be old, and it is never ahead of what is durable.
struct Mark {
  std::uint64_t sequence = 0;
  std::array<std::uint8_t, 16> boot{};  ///< Which start of the machine wrote it.
  StoreId store = {};
  Era era = {};
  GlobalPosition position = {};  ///< The last durable record ...
  Link link = {};                ///< ... and its append's link.
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  ///< Behind the last durable frame, in that segment.
  /// Which file it was written to, as File::number says; 0: not known.
  std::uint64_t file = 0;
  /// Not stored: there may have been a newer mark, as a slot holds bytes that do not check, or as
  /// this one is older than the MANIFEST.
  bool doubtful = false;
  /// Not stored: it was written to another file than the one it is in. The segments beside it may
  /// have been copied earlier than it was, if that was done while the store was written to.
  bool copied = false;

  /// Whether it says just how far the log is, on a machine that was started as `boot`.
  bool is_exact(const std::array<std::uint8_t, 16>& boot_now) const {
    return boot == boot_now && !doubtful && !copied;
  }
  /// Whether it is older than a MANIFEST that ends with that segment: as the log goes over to one,
  /// the mark is moved there before the next.
  bool is_older_than(std::uint64_t newest_segment) const { return segment + 1 < newest_segment; }
};

/// What to do about damage beside a mark that was copied. Goes behind a message.
inline constexpr const char* advice_on_copies =
    "; this folder is a copy: if a program wrote to the store meanwhile, copy it again, or use "
    "'annals backup'";

/// "The mark is lost": a store always has one.
Error no_mark(const std::string& folder);

/// "The MANIFEST is an old one": it does not name the mark's segment, although it is written
/// before.
Error old_manifest(const Mark& mark, const std::string& folder);

/// What FileSystem::boot_id says, in the mark's form.
std::array<std::uint8_t, 16> boot_of(FileSystem& files, const std::string& folder);

/// The slots of the mark's file: two that are only written synced, by turns, so that there is
/// always a whole mark, and two that are written by turns without a sync. Not thread-safe.
class MarkFile {
 public:
  /// Makes the file of a new store, or of one whose mark is lost.
  static Result<MarkFile> create(FileSystem& files, const std::string& folder);
  /// Opens it. It may be missing: then there is no mark to read, and nothing can be written.
  static Result<MarkFile> open(FileSystem& files, const std::string& folder, bool writable);

  /// The newest valid slot of this store, if any. `newest_segment`: with which its MANIFEST ended
  /// before; 0: not known.
  Result<std::optional<Mark>> read(const StoreId& store, std::uint64_t newest_segment = 0) const;

  /// The newest valid slot of this store among those that are only written synced.
  Result<std::optional<Mark>> read_anchor(const StoreId& store) const;

  /// Tells this file from every other one; empty: there is none, or it cannot be told.
  std::string identity() const;

  /// Writes `mark`, with the next sequence number, over the older of the unsynced slots: through a
  /// mapping where the disk offers one, which costs no system call.
  Result<void> write(Mark mark);
  /// Writes it over the older of the synced slots, and makes it durable.
  Result<void> anchor(Mark mark);

 private:
  explicit MarkFile(std::unique_ptr<File> file)
      : file_(std::move(file)), number_(file_ ? file_->number() : 0) {}
  void map();

  Result<void> write_slot(std::uint64_t slot, Mark mark);

  std::unique_ptr<File> file_;                // Null: there is none.
  std::uint64_t number_;                      // As File::number says.
  std::shared_ptr<WritableMapping> mapping_;  // Null: there is none.
  mutable std::uint64_t sequence_ = 0;
  mutable std::uint64_t next_anchor_ = 0;
};

}  // namespace annals::internal
