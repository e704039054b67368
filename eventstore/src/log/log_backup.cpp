#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>

#include <annals/eventstore/log_backup.hpp>

#include "log_copy.hpp"
#include "log_format.hpp"
#include "recovery.hpp"

namespace annals {
namespace {

using internal::CopyPlan;
using internal::LogCopy;

struct Folders {
  std::string from;
  std::string to;
};

/// Without a slash at the end, so that one folder has one name.
std::string plain(FileSystem& files, const std::string& path) {
  std::string full = files.absolute(path);
  while (full.size() > 1 && full.back() == '/') full.pop_back();
  return full;
}

/// Where `path` leads, as far as it exists: without links, `..` and a slash at the end.
std::filesystem::path resolved(const std::string& path) {
  std::error_code error;
  std::filesystem::path full = std::filesystem::absolute(path, error);
  if (error) full = path;
  std::filesystem::path found = std::filesystem::weakly_canonical(full, error);
  if (error) found = full.lexically_normal();
  return found.has_filename() ? found : found.parent_path();
}

/// `plan` is that of the copy.
Result<BackupReport> copy(FileSystem& files, const Folders& folders, CopyPlan plan,
                          const BackupOptions& options) {
  // All that is copied is synced, whatever the store's own writer does.
  plan.manifest.compatible &= ~internal::format::answered_unsynced;
  LogCopy copy(files, folders.from, folders.to, std::move(plan), options.verify, options.progress);
  if (auto begun = copy.begin(); !begun) return std::move(begun).error();
  if (auto copied = copy.copy_segments(); !copied) return std::move(copied).error();
  if (options.snapshots) {
    if (auto copied = copy.copy_snapshots(); !copied) return std::move(copied).error();
  }
  if (auto finished = copy.finish(); !finished) return std::move(finished).error();
  const internal::Manifest& manifest = copy.plan().manifest;
  return BackupReport{.store = manifest.store,
                      .era = manifest.eras.back().era,
                      .position = copy.plan().end.position,
                      .link = copy.plan().end.link,
                      .segments = manifest.segments.size(),
                      .bytes = copy.bytes(),
                      .verified = options.verify};
}

Result<void> check(const LogOptions& options, const std::string& other) {
  if (!options.files) return Error{ErrorCode::invalid_argument, "LogOptions without a disk"};
  if (options.path.empty() || other.empty()) {
    return Error{ErrorCode::invalid_argument, "the name of a folder is empty"};
  }
  return {};
}

/// What a copy of the store in `folder` is made of.
Result<CopyPlan> plan_of(FileSystem& files, const std::string& folder) {
  auto plan = internal::plan_copy(files, folder);
  if (!plan) return plan;
  auto begun = internal::check_era_has_begun({.path = folder}, plan->manifest, plan->end.position);
  if (!begun) return std::move(begun).error();
  return plan;
}

}  // namespace

bool lies_inside(const std::string& path, const std::string& folder) {
  const std::filesystem::path inner = resolved(path);
  const std::filesystem::path outer = resolved(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

Result<BackupReport> backup_log(const LogOptions& options, const std::string& destination,
                                const BackupOptions& backup) {
  if (auto checked = check(options, destination); !checked) return std::move(checked).error();
  FileSystem& files = *options.files;
  const Folders folders{plain(files, options.path), plain(files, destination)};
  auto plan = plan_of(files, folders.from);
  if (!plan) return std::move(plan).error();
  return copy(files, folders, *std::move(plan), backup);
}

Result<BackupReport> restore_log(const std::string& backup, const LogOptions& options,
                                 const RestoreOptions& restore) {
  if (auto checked = check(options, backup); !checked) return std::move(checked).error();
  FileSystem& files = *options.files;
  const Folders folders{plain(files, backup), plain(files, options.path)};
  if (restore.last && restore.last->value == 0) {
    return Error{ErrorCode::invalid_argument, "positions begin with 1"};
  }
  auto plan = restore.last ? internal::plan_copy_up_to(files, folders.from, *restore.last)
                           : plan_of(files, folders.from);
  if (!plan) return std::move(plan).error();
  auto& eras = plan->manifest.eras;
  const Era last = eras.back().era;
  constexpr std::uint32_t highest = std::numeric_limits<std::uint32_t>::max();
  if (last.value == highest) {
    return Error{ErrorCode::invalid_argument,
                 "the backup is of era " + std::to_string(last.value) +
                     ", the highest there is, and a restored store needs a higher one: export it, "
                     "and import that as a new store"};
  }
  const Era era = restore.era.value_or(Era{last.value + 1});
  if (era <= last) {
    return Error{ErrorCode::invalid_argument,
                 "era " + std::to_string(era.value) + ": the backup is of era " +
                     std::to_string(last.value) + ", and a restored store needs a higher one"};
  }
  if (era.value == highest && last.value + 1 != highest) {
    return Error{
        ErrorCode::invalid_argument,
        "era " + std::to_string(era.value) +
            " is the highest there is: no backup of the store could ever be restored; give "
            "it a lower one, such as " +
            std::to_string(last.value + 1)};
  }
  // Of eras that begin behind the end nothing is left; who has seen no more than this goes on.
  for (EraBegin& earlier : eras) {
    earlier.begins_after = std::min(earlier.begins_after, plan->end.position);
  }
  eras.push_back({era, plan->end.position});
  return copy(files, folders, *std::move(plan),
              {.snapshots = true, .verify = restore.verify, .progress = restore.progress});
}

}  // namespace annals
