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
/// itself except at a clean close and at roll-over: after a process crash it is exact, after a
/// power loss it may be old, and it is never ahead of what is durable.
struct Mark {
  std::uint64_t sequence = 0;
  std::array<std::uint8_t, 16> boot{};  ///< Which start of the machine wrote it.
  StoreId store;
  Era era;
  GlobalPosition position;  ///< The last durable record ...
  Link link;                ///< ... and its append's link.
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  ///< Behind the last durable frame, in that segment.
  /// Not stored: the other slot does not check, so there may have been a newer mark.
  bool doubtful = false;
};

/// What FileSystem::boot_id says, in the mark's form.
std::array<std::uint8_t, 16> boot_of(FileSystem& files);

/// The two slots of the mark's file. Not thread-safe.
class MarkFile {
 public:
  /// Opens the file, making it if need be and allowed.
  static Result<MarkFile> open(FileSystem& files, const std::string& folder, bool writable);

  /// The newest valid slot of this store, if any.
  Result<std::optional<Mark>> read(const StoreId& store) const;

  /// Writes `mark` over the older slot, with the next sequence number.
  Result<void> write(Mark mark);
  Result<void> sync() { return file_->sync(); }

 private:
  explicit MarkFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  std::unique_ptr<File> file_;  // Null: read-only and there is none.
  mutable std::uint64_t sequence_ = 0;
};

}  // namespace annals::internal
