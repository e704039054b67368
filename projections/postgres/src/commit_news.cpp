#include "commit_news.hpp"

#include <chrono>
#include <utility>

namespace annals::internal {

namespace {

constexpr std::chrono::milliseconds pause(3);

// Listeners share a lock that who tells tries to have for himself.
postgres::Parameters lock_of(const Database& database) {
  postgres::Parameters parameters;
  parameters.text(database.channel());
  return parameters;
}

}  // namespace

CommitNews::~CommitNews() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CommitNews::tell() {
  {
    const std::lock_guard lock(mutex_);
    untold_ = true;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_one();
}

void CommitNews::run() {
  std::unique_ptr<postgres::Connection> connection;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return untold_ || ended_; });
    const bool last = ended_;  // What was committed right before the end is told, too.
    if (std::exchange(untold_, false)) {
      lock.unlock();
      send(connection);
      lock.lock();
    }
    if (last) return;
    changed_.wait_for(lock, pause, [this] { return ended_; });
  }
}

void CommitNews::send(std::unique_ptr<postgres::Connection>& connection) const {
  if (!connection || connection->lost()) {
    connection.reset();
    auto opened = database_.open_for_news();
    if (!opened) return;  // Who waits looks by himself now and then.
    connection = *std::move(opened);
  }
  static const std::string sql =
      "SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended($1::text, 11)) THEN 0 ELSE "
      "length(pg_notify($1::text, '')::text) END";
  static_cast<void>(connection->run_prepared(sql, lock_of(database_)));
}

postgres::SqlResult<std::unique_ptr<postgres::Connection>> CommitNews::listen(
    const Database& database) {
  auto opened = database.open_for_news();
  if (!opened) return opened;
  if (auto listening = (*opened)->listen(database.channel()); !listening) {
    return std::move(listening).error();
  }
  auto locked = (*opened)->run("SELECT pg_advisory_lock_shared(hashtextextended($1::text, 11))",
                               lock_of(database));
  if (!locked) return std::move(locked).error();
  return opened;
}

}  // namespace annals::internal
