#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <annals/eventstore/subscription.hpp>

#include "log_reader.hpp"

namespace annals::internal {

/// Knows how far the store is, and wakes those who wait for more. Appends of this process are told
/// at once; those of others by notifications, and by looking now and then. Tells others in turn,
/// after the commit, at most every few milliseconds, on a session of its own, because a NOTIFY
/// inside an append would make commits wait for each other.
class HeadWatch {
 public:
  HeadWatch(const PostgresOptions& options, const LogReader& reader);
  ~HeadWatch();
  HeadWatch(const HeadWatch&) = delete;
  HeadWatch& operator=(const HeadWatch&) = delete;

  /// This process has appended up to here.
  void appended(GlobalPosition head);
  /// Somebody has seen the store this far.
  void saw(GlobalPosition head);
  GlobalPosition known() const { return {known_.load()}; }

  /// Waits until something beyond `position` is known, `stopped` says so, the server turns out to
  /// hold another history, or the time is over.
  void wait_beyond(GlobalPosition position, std::chrono::steady_clock::time_point until,
                   const std::function<bool()>& stopped);
  void wake();
  /// Sets the function to be called for `subscription`, or removes it if it is empty.
  void set_wake_function(const Subscription* subscription, std::function<void()> function);

 private:
  void start();
  void run();
  /// One round: announces, listens, looks. Returns false if the session is lost.
  bool round(postgres::Connection& connection, bool& listening);
  void nudge() const;
  bool somebody_waits() const { return waiting_.load() > 0 || functions_count_.load() > 0; }

  const PostgresOptions& options_;
  const LogReader& reader_;
  std::atomic<std::uint64_t> known_ = 0;
  std::atomic<std::uint64_t> to_announce_ = 0;  // The head that others are to be told; 0: none.
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> diverged_ = false;  // The server, at the last look.

  std::mutex mutex_;
  std::condition_variable woken_;
  std::mutex functions_mutex_;
  std::map<const Subscription*, std::function<void()>> functions_;  // Guarded by functions_mutex_.
  std::atomic<std::size_t> functions_count_ = 0;

  std::once_flag started_;
  std::atomic<bool> stopping_ = false;
  int nudged_ = -1;  // An eventfd: the thread is to look.
  std::chrono::steady_clock::time_point announced_at_{};
  std::chrono::steady_clock::time_point looked_at_{};
  std::thread thread_;
};

}  // namespace annals::internal
