#include "commit_watch.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace annals::sqlite_rows {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks without news: where inotify tells, and where it cannot (no watches left).
constexpr milliseconds hearing(250);
constexpr milliseconds deaf(10);
constexpr int looks_after_news = 6;  // 1, 2, 4, 8, 16, 32 ms

}  // namespace

CommitWatch::CommitWatch(std::string wal, Look look)
    : wal_(std::move(wal)), look_(std::move(look)) {
  if (wal_.empty()) return;
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

CommitWatch::~CommitWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  if (wake_ >= 0) ::close(wake_);
}

CommitWatch::Waiter::Waiter(CommitWatch& watch, std::string_view projection,
                            GlobalPosition position)
    : watch_(watch), position_(position) {
  const std::lock_guard lock(watch_.mutex_);
  place_ = watch_.waiting_.try_emplace(std::string(projection)).first;
  ++place_->second.waiters;
}

CommitWatch::Waiter::~Waiter() {
  const std::lock_guard lock(watch_.mutex_);
  if (--place_->second.waiters == 0) watch_.waiting_.erase(place_);
}

void CommitWatch::Waiter::before_reading() {
  const std::lock_guard lock(watch_.mutex_);
  seen_ = watch_.changes_;
}

bool CommitWatch::Waiter::woken() const {
  if (watch_.trouble_at_ > seen_) return true;
  const Awaited& awaited = place_->second;
  return awaited.changed_at > seen_ && (awaited.halted || awaited.position >= position_);
}

void CommitWatch::Waiter::wait(steady_clock::time_point deadline) {
  std::unique_lock lock(watch_.mutex_);
  while (!woken() && steady_clock::now() < deadline) {
    if (watch_.wal_.empty() || watch_.watched_) {
      watch_.wakes_.wait_until(lock, deadline);
    } else {
      watch_.watch(lock, deadline);
    }
  }
}

bool CommitWatch::awaited(std::string_view projection) const {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(projection);
}

void CommitWatch::notify(const CheckpointRecord& record) {
  const std::lock_guard lock(mutex_);
  take_note(record);
  if (watched_) {
    const std::uint64_t one = 1;
    // Fails only when it is full, so set already.
    static_cast<void>(!::write(wake_, &one, sizeof one));
  }
  wakes_.notify_all();
}

void CommitWatch::take_note(const CheckpointRecord& record) {
  const auto place = waiting_.find(record.projection);
  if (place == waiting_.end()) return;
  Awaited& awaited = place->second;
  awaited.changed_at = ++changes_;
  awaited.position = record.position();
  awaited.halted = !record.failure.empty();
}

// Sleeps once, and looks for all who wait.
void CommitWatch::watch(std::unique_lock<std::mutex>& lock, steady_clock::time_point until) {
  watched_ = true;
  lock.unlock();
  if (!hears_ && inotify_ >= 0) {
    hears_ = ::inotify_add_watch(inotify_, wal_.c_str(), IN_MODIFY) >= 0;
  }
  // News come while a commit is being written: it can be seen a moment later.
  milliseconds pause = hears_ ? hearing : deaf;
  if (looks_left_ > 0) pause = milliseconds(1) * (1 << (looks_after_news - looks_left_));
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  pause = std::clamp(left, milliseconds(0), pause);
  std::array<pollfd, 2> sources{{{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}}};
  static_cast<void>(::poll(sources.data(), sources.size(), static_cast<int>(pause.count())));
  std::uint64_t woken = 0;
  static_cast<void>(!::read(wake_, &woken, sizeof woken));
  looks_left_ = drain() ? looks_after_news : std::max(looks_left_ - 1, 0);
  const auto records = look_();
  lock.lock();
  watched_ = false;
  if (!records) {
    trouble_at_ = ++changes_;
  } else if (*records) {
    for (const CheckpointRecord& record : **records) take_note(record);
  }
  // Who is not woken by what happened watches next.
  wakes_.notify_all();
}

bool CommitWatch::drain() {
  bool news = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (inotify_ >= 0) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) break;
    news = true;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_IGNORED) != 0) hears_ = false;  // The file is gone; a new one may come.
      at += static_cast<ssize_t>(sizeof(inotify_event)) + static_cast<ssize_t>(event->len);
    }
  }
  return news;
}

}  // namespace annals::sqlite_rows
