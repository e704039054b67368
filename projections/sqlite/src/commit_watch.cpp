#include "commit_watch.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Without inotify (no watches left, a network file system) others' commits are seen this late.
constexpr milliseconds without_news(250);
constexpr int looks_after_news = 6;  // 1, 2, 4, 8, 16, 32 ms

}  // namespace

CommitWatch::CommitWatch(std::string path)
    : file_(path.empty() ? "" : std::filesystem::path(path).filename().string()) {
  if (file_.empty()) return;
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  if (inotify_ >= 0) ::inotify_add_watch(inotify_, folder.c_str(), IN_MODIFY | IN_CREATE);
}

CommitWatch::~CommitWatch() {
  if (inotify_ >= 0) ::close(inotify_);
  if (wake_ >= 0) ::close(wake_);
}

CommitWatch::Waiter::Waiter(CommitWatch& watch, std::string_view projection) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  place_ = watch_.waiting_.try_emplace(std::string(projection), 0).first;
  ++place_->second;
}

CommitWatch::Waiter::~Waiter() {
  const std::lock_guard lock(watch_.mutex_);
  if (--place_->second == 0) watch_.waiting_.erase(place_);
}

bool CommitWatch::awaited(std::string_view projection) const {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(projection);
}

std::uint64_t CommitWatch::seen() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void CommitWatch::notify() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  if (watched_) {
    const std::uint64_t one = 1;
    // Full only when it has been set already.
    static_cast<void>(!::write(wake_, &one, sizeof one));
  }
  changed_.notify_all();
}

void CommitWatch::wait(std::uint64_t seen, steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (changes_ == seen && steady_clock::now() < deadline) {
    if (file_.empty() || watched_) {
      changed_.wait_until(lock, deadline);
    } else {
      watch(lock, deadline);
    }
  }
}

void CommitWatch::watch(std::unique_lock<std::mutex>& lock, steady_clock::time_point until) {
  watched_ = true;
  milliseconds pause = without_news;
  if (looks_left_ > 0) pause = milliseconds(1) * (1 << (looks_after_news - looks_left_));
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  pause = std::clamp(left, milliseconds(0), pause);
  lock.unlock();
  std::array<pollfd, 2> sources{{{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}}};
  static_cast<void>(::poll(sources.data(), sources.size(), static_cast<int>(pause.count())));
  std::uint64_t woken = 0;
  static_cast<void>(!::read(wake_, &woken, sizeof woken));
  const bool news = drain();
  lock.lock();
  watched_ = false;
  looks_left_ = news ? looks_after_news : std::max(looks_left_ - 1, 0);
  // Whoever waits looks again, and one of them watches next.
  ++changes_;
  changed_.notify_all();
}

bool CommitWatch::drain() {
  bool news = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (inotify_ >= 0) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if (event->len > 0 && std::string_view(event->name).starts_with(file_)) news = true;
      at += static_cast<ssize_t>(sizeof(inotify_event)) + static_cast<ssize_t>(event->len);
    }
  }
  return news;
}

}  // namespace annals::internal
