#include <annals/postgres/connection_pool.hpp>

namespace annals::postgres {

SqlResult<ConnectionPool::Lent> ConnectionPool::lend(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  {
    std::unique_lock lock(mutex_);
    const bool free =
        returned_.wait_until(lock, until, [this] { return lent_ < connections_max_; });
    if (!free) {
      return SqlError{Failure::not_connected,
                      {},
                      "all " + std::to_string(connections_max_) + " connections are in use"};
    }
    ++lent_;
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (!connection->lost()) return Lent(*this, std::move(connection));
    }
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  auto made = Connection::open_within(options_, left);
  if (made) return Lent(*this, *std::move(made));
  take_back(nullptr);
  return std::move(made).error();
}

void ConnectionPool::take_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (connection && !connection->lost()) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

void ConnectionPool::drop_idle() {
  std::vector<std::unique_ptr<Connection>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
}

}  // namespace annals::postgres
