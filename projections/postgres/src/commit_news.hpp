#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "database.hpp"

namespace annals::internal {

/// Where commits are told of, by NOTIFY, to those who listen in other processes: from a thread and
/// a connection of its own, after the commit, and at most every few milliseconds. A NOTIFY within a
/// transaction takes a lock of the whole database for its COMMIT, so that no two flush together.
/// Thread-safe.
class CommitNews {
 public:
  explicit CommitNews(const Database& database) : database_(database) {}
  ~CommitNews();
  CommitNews(const CommitNews&) = delete;
  CommitNews& operator=(const CommitNews&) = delete;

  /// Something was committed. Returns at once.
  void tell();

  /// A connection that hears of commits, and whose being there is known to those who tell: without
  /// listeners nothing is sent.
  static postgres::SqlResult<std::unique_ptr<postgres::Connection>> listen(
      const Database& database);

 private:
  void run();
  void send(std::unique_ptr<postgres::Connection>& connection) const;

  const Database& database_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool untold_ = false;  // Guarded by mutex_, as the next.
  bool ended_ = false;
  std::thread thread_;  // Started by the first news.
};

}  // namespace annals::internal
