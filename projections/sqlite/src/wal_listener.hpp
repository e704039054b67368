#pragma once

#include <cstdint>
#include <memory>

#include <annals/projections/commit_watch.hpp>

#include "connection.hpp"
#include "database.hpp"

namespace annals::sqlite_rows {

/// Hears of other processes' commits through inotify on the write-ahead log, and looks now and then
/// besides.
class WalListener final : public CommitListener {
 public:
  /// REQUIRES: the database is a file.
  explicit WalListener(const Database& database);
  ~WalListener() override;
  WalListener(const WalListener&) = delete;
  WalListener& operator=(const WalListener&) = delete;

  Result<std::optional<std::vector<CheckpointRecord>>> listen(
      int wake, std::chrono::steady_clock::time_point until) override;

 private:
  bool drain();
  Result<std::optional<std::vector<CheckpointRecord>>> look();

  const Database& database_;
  int inotify_ = -1;
  bool hears_ = false;  // inotify watches the file.
  int looks_left_ = 0;  // What inotify tells is that a commit is being written; see listen().
  std::unique_ptr<Connection> connection_;
  std::int64_t seen_ = 0;  // Its data_version at the last look.
};

}  // namespace annals::sqlite_rows
