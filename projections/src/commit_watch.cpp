#include <utility>

#include <annals/projections/commit_watch.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

namespace annals {

using std::chrono::steady_clock;

/// One who waits for a projection to come to a position; counted while it exists.
class CommitWatch::Waiter {
 public:
  Waiter(CommitWatch& watch, std::string_view projection, GlobalPosition position)
      : watch_(watch), position_(position) {
    const std::lock_guard lock(watch_.mutex_);
    place_ = watch_.waiting_.try_emplace(std::string(projection)).first;
    ++place_->second.waiters;
  }
  ~Waiter() {
    const std::lock_guard lock(watch_.mutex_);
    if (--place_->second.waiters == 0) watch_.waiting_.erase(place_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Called before the records are read: later commits end the next wait.
  void before_reading() {
    const std::lock_guard lock(watch_.mutex_);
    seen_ = watch_.changes_;
  }

  /// Returns when the projection has come to the position, or has halted, by a commit since
  /// before_reading(), or the time is over, or nobody can tell.
  void wait(steady_clock::time_point deadline) {
    std::unique_lock lock(watch_.mutex_);
    while (!woken() && steady_clock::now() < deadline) {
      if (watch_.listener_ == nullptr || watch_.listening_) {
        watch_.wakes_.wait_until(lock, deadline);
      } else {
        watch_.listen(lock, deadline);
      }
    }
  }

 private:
  bool woken() const {  // REQUIRES: watch_.mutex_.
    if (watch_.trouble_at_ > seen_) return true;
    const Awaited& awaited = place_->second;
    return awaited.changed_at > seen_ && (awaited.halted || awaited.position >= position_);
  }

  CommitWatch& watch_;
  const GlobalPosition position_;
  std::uint64_t seen_ = 0;
  std::map<std::string, Awaited, std::less<>>::iterator place_;
};

CommitWatch::CommitWatch(std::unique_ptr<CommitListener> listener)
    : listener_(std::move(listener)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

CommitWatch::~CommitWatch() {
  if (wake_ >= 0) ::close(wake_);
}

bool CommitWatch::awaited(std::string_view projection) const {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(projection);
}

void CommitWatch::tell(const CheckpointRecord& record, const ReadPartitions& partitions) {
  const std::lock_guard lock(telling_mutex_);
  if (record.partition.count == 1 || !awaited(record.projection)) return notify(record);
  // The others are elsewhere: what they have all come to is what is waited for.
  const auto records = partitions();
  const auto whole = records ? whole_of(*records) : std::nullopt;
  notify(whole.value_or(record));
}

Result<std::optional<CheckpointRecord>> CommitWatch::wait(std::string_view projection,
                                                          GlobalPosition position,
                                                          steady_clock::time_point deadline,
                                                          const ReadPartitions& partitions) {
  std::optional<Waiter> waiter;
  while (true) {
    if (waiter) waiter->before_reading();
    const auto records = partitions();
    if (!records) return records.error();
    auto whole = whole_of(*records);
    if (whole && is_settled(*records, position)) return whole;
    if (steady_clock::now() >= deadline) return whole;
    if (!waiter) {
      waiter.emplace(*this, projection, position);
      continue;  // What was committed before anybody could know of us.
    }
    waiter->wait(deadline);
  }
}

void CommitWatch::notify(const CheckpointRecord& whole) {
  const std::lock_guard lock(mutex_);
  take_note(whole);
  if (listening_) {
    const std::uint64_t one = 1;
    // Fails only when it is full, so set already.
    static_cast<void>(!::write(wake_, &one, sizeof one));
  }
  wakes_.notify_all();
}

void CommitWatch::take_note(const CheckpointRecord& whole) {
  const auto place = waiting_.find(whole.projection);
  if (place == waiting_.end()) return;
  Awaited& awaited = place->second;
  awaited.changed_at = ++changes_;
  awaited.position = whole.position();
  awaited.halted = !whole.failure.empty();
}

// Sleeps once, and takes note for all who wait.
void CommitWatch::listen(std::unique_lock<std::mutex>& lock, steady_clock::time_point until) {
  listening_ = true;
  lock.unlock();
  const auto wholes = listener_->listen(wake_, until);
  std::uint64_t woken = 0;
  static_cast<void>(!::read(wake_, &woken, sizeof woken));
  lock.lock();
  listening_ = false;
  if (!wholes) {
    trouble_at_ = ++changes_;
  } else if (*wholes) {
    for (const CheckpointRecord& whole : **wholes) take_note(whole);
  }
  // Who is not woken by what happened listens next.
  wakes_.notify_all();
}

}  // namespace annals
