#include "commit_watch.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "commit_news.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks without news: where news are heard, and where they cannot be.
constexpr milliseconds hearing(250);
constexpr milliseconds deaf(20);
constexpr milliseconds listen_again_after(1000);

}  // namespace

CommitWatch::CommitWatch(const Database& database)
    : database_(database), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

CommitWatch::~CommitWatch() {
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
    if (watch_.watched_) {
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

// Until something may have happened. True: only this object's own commits did, and these are noted.
bool CommitWatch::sleep(steady_clock::time_point until) {
  const auto now = steady_clock::now();
  if ((!listener_ || listener_->lost()) && now >= listen_again_at_) {
    listener_.reset();
    listen_again_at_ = now + listen_again_after;
    auto listening = CommitNews::listen(database_);
    if (listening) {
      listener_ = *std::move(listening);
      return false;  // Whoever committed before has told nobody.
    }
  }
  const bool hears = listener_ && !listener_->lost();
  const auto left = std::chrono::ceil<milliseconds>(until - now);
  const auto pause = std::clamp(left, milliseconds(0), hears ? hearing : deaf);
  std::array<pollfd, 2> sources{
      {{wake_, POLLIN, 0}, {hears ? listener_->socket() : -1, POLLIN, 0}}};
  const int ready = ::poll(sources.data(), sources.size(), static_cast<int>(pause.count()));
  std::uint64_t woken = 0;
  static_cast<void>(!::read(wake_, &woken, sizeof woken));
  // A lost one is seen by this, and another is opened.
  if (hears && sources[1].revents != 0 && !listener_->take_notifications()) listener_.reset();
  return ready > 0 && sources[1].revents == 0;
}

// Sleeps once, and looks for all who wait.
void CommitWatch::watch(std::unique_lock<std::mutex>& lock, steady_clock::time_point until) {
  watched_ = true;
  lock.unlock();
  Result<std::vector<CheckpointRecord>> records = std::vector<CheckpointRecord>();
  if (!sleep(until)) {
    auto connection = database_.reader();
    records = connection ? database_.checkpoints().all(**connection)
                         : Result<std::vector<CheckpointRecord>>(std::move(connection).error());
  }
  lock.lock();
  watched_ = false;
  if (!records) {
    trouble_at_ = ++changes_;
  } else {
    for (const CheckpointRecord& whole : wholes_of(*records)) take_note(whole);
  }
  // Who is not woken by what happened watches next.
  wakes_.notify_all();
}

}  // namespace annals::internal
