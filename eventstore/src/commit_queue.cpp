#include "commit_queue.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <system_error>

namespace annals::internal {

CommitQueue::CommitQueue(RunGroup run_group, std::uint64_t bytes_max, double wait_share)
    : run_group_(std::move(run_group)), bytes_max_(bytes_max), wait_share_(wait_share) {}

void CommitQueue::drain() {
  std::unique_lock lock(mutex_);
  completed_.wait(lock, [this] { return uncompleted_ == 0; });
}

CommitQueue::~CommitQueue() {
  drain();
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    thread_turn_.notify_all();
  }
  if (leader_.joinable()) leader_.join();
  {
    const std::scoped_lock lock(completions_mutex_);
    completions_end_ = true;
    completion_there_.notify_all();
  }
  if (completer_.joinable()) completer_.join();
}

Result<void> CommitQueue::start_threads() {
  if (threads_started_.load()) return {};
  const std::scoped_lock lock(threads_mutex_);
  try {
    if (!leader_.joinable()) leader_ = std::thread([this] { lead_for_async(); });
    if (!completer_.joinable()) completer_ = std::thread([this] { run_completions(); });
  } catch (const std::system_error& error) {
    return Error{ErrorCode::unavailable,
                 std::string("there is no thread for asynchronous appends: ") + error.what()};
  }
  threads_started_.store(true);
  return {};
}

void CommitQueue::enqueue(std::unique_lock<std::mutex>& lock, Entry& entry) {
  const std::uint64_t bytes = entry.attempt.append.data_bytes;
  // One append may always go, however large.
  room_.wait(lock, [&] { return bytes_in_flight_ == 0 || bytes_in_flight_ + bytes <= bytes_max_; });
  bytes_in_flight_ += bytes;
  waiting_.push_back(&entry);
  if (waiting_.size() == gather_target_) gathered_.notify_one();
}

Result<Receipt> CommitQueue::run(PreparedAppend append) {
  Entry entry;
  entry.attempt.append = std::move(append);
  std::unique_lock lock(mutex_);
  enqueue(lock, entry);
  if (led_) {
    lock.unlock();
    entry.turn.wait();
    if (!entry.ended) {  // Then it is to lead.
      lock.lock();
      lead(lock, &entry);
    }
  } else {
    led_ = true;
    lead(lock, &entry);
  }
  entry.attempt.finish();
  return std::move(*entry.attempt.outcome);
}

void CommitQueue::run_async(Begun begun, PreparedAppend append, AppendCompletion completion) {
  if (auto started = start_threads(); !started) {
    Error error = std::move(started).error();
    error.append_id = append.request.id;
    { const Begun ended = std::move(begun); }
    completion(std::move(error));
    return;
  }
  auto entry = std::make_unique<Entry>();
  entry->attempt.append = std::move(append);
  entry->begun.emplace(std::move(begun));
  entry->completion = std::move(completion);
  std::unique_lock lock(mutex_);
  ++uncompleted_;
  enqueue(lock, *entry.release());  // Owned by the queue from here on.
  if (!led_) {
    led_ = true;
    thread_leads_ = true;
    thread_turn_.notify_one();
  }
}

void CommitQueue::complete_async(Error error, AppendCompletion completion) {
  if (!start_threads()) {
    completion(std::move(error));
    return;
  }
  auto entry = std::make_unique<Entry>();
  entry->attempt.outcome.emplace(std::move(error));
  entry->completion = std::move(completion);
  {
    const std::scoped_lock lock(mutex_);
    ++uncompleted_;
  }
  const std::scoped_lock lock(completions_mutex_);
  completions_.push_back(std::move(entry));
  completion_there_.notify_one();
}

void CommitQueue::list_waiting(std::size_t from, std::vector<Attempt*>& attempts) const {
  attempts.clear();
  const std::size_t end = std::min(waiting_.size(), from + group_attempts_max);
  for (std::size_t i = from; i < end; ++i) attempts.push_back(&waiting_[i]->attempt);
}

/// Waits, if that is worth its while, for those who may come to be in the next group. REQUIRES: the
/// lock, and to lead.
void CommitQueue::gather(std::unique_lock<std::mutex>& lock) {
  std::size_t target = expected_;
  if (modest_left_ > 0) {
    --modest_left_;
    target = std::min(target, modest_target_);
  }
  // After a pause nobody is on the way.
  const std::size_t there = waiting_.size();
  if (there >= target || std::chrono::steady_clock::now() >= gather_until_) return;
  gather_target_ = target;
  const bool all_came =
      gathered_.wait_until(lock, gather_until_, [&] { return waiting_.size() >= gather_target_; });
  gather_target_ = 0;
  if (all_came) return;
  // Where appends come evenly, half of them come in that time; they will come without our waiting.
  const std::size_t came = waiting_.size() - there;
  modest_target_ = 4 * came >= 3 * (target - there) ? waiting_.size() : 0;
  modest_left_ = modest_groups;
}

std::string CommitQueue::failure() const {
  const std::scoped_lock lock(failure_mutex_);
  return failure_;
}

/// Runs a group. Memory may be short, and clocks are the user's: if that throws, those in the group
/// may have been recorded or not, and nothing is run from then on.
CommitQueue::Ran CommitQueue::run_or_fail(std::span<Attempt* const> attempts,
                                          const Behind& behind) {
  const auto refuse_all = [&](ErrorCode code, const std::string& message) {
    for (Attempt* const attempt : attempts) {
      // Who was refused for good knows more.
      if (attempt->outcome && !attempt->outcome->has_value()) continue;
      attempt->state = Attempt::State::settled;
      attempt->outcome.emplace(
          Error{.code = code, .message = message, .append_id = attempt->append.request.id});
    }
    return Ran{attempts.size(), 0};
  };
  if (const std::string failed = failure(); !failed.empty()) {
    return refuse_all(ErrorCode::unavailable,
                      "writing has ended: " + failed + "; reopen the store");
  }
  std::string thrown;
  try {
    return run_group_(attempts, behind);
  } catch (const std::exception& error) {
    thrown = error.what();
  } catch (...) {
    thrown = "an exception of unknown type";
  }
  {
    const std::scoped_lock lock(failure_mutex_);
    failure_ = thrown;
  }
  return refuse_all(ErrorCode::outcome_unknown,
                    "writing has ended: " + thrown +
                        ": the append may be durable or not; reopen the store and look its id up");
}

/// Runs groups until `until` has ended (null: until nothing waits), then hands on. Returns without
/// the lock.
/// REQUIRES: something waits.
void CommitQueue::lead(std::unique_lock<std::mutex>& lock, const Entry* until) {
  std::vector<Attempt*> attempts;
  std::vector<Attempt*> behind;
  const Behind list_behind = [&](std::size_t from) -> std::span<Attempt* const> {
    const std::scoped_lock behind_lock(mutex_);
    list_waiting(from, behind);
    return behind;
  };
  std::vector<Entry*> group;
  std::vector<Entry*> to_wake;
  for (bool over = false; !over;) {
    if (!next_formed_) gather(lock);
    list_waiting(0, attempts);
    ++groups_begun_;
    lock.unlock();
    const auto begun = std::chrono::steady_clock::now();
    const auto [taken, ahead] = run_or_fail(attempts, list_behind);
    const auto ended = std::chrono::steady_clock::now();
    lock.lock();
    ++groups_ended_;
    next_formed_ = ahead > 0;
    const auto end_of_group = waiting_.begin() + static_cast<std::ptrdiff_t>(taken);
    group.assign(waiting_.begin(), end_of_group);
    waiting_.erase(waiting_.begin(), end_of_group);
    to_wake.clear();
    over = until != nullptr ? std::find(group.begin(), group.end(), until) != group.end()
                            : waiting_.empty();
    // Whoever leads now is woken first: all the others wait for it.
    if (over) {
      if (Entry* const leader = next_leader()) to_wake.push_back(leader);
    }
    const std::size_t callers = end(until, group, to_wake);
    expected_ = std::min(waiting_.size() + callers, group_attempts_max);
    gather_until_ =
        ended + std::chrono::duration_cast<SteadyTime::duration>((ended - begun) * wait_share_);
    room_.notify_all();
    group_ended_.notify_all();
    lock.unlock();
    // Without the lock, which they would have to wait for. Those that have ended are gone then.
    for (Entry* const entry : to_wake) entry->turn.wake();
    if (!over) lock.lock();
  }
}

/// Ends what the group held: asynchronous appends go to be completed, callers but `until` are added
/// to those to be woken. Returns how many callers there were. REQUIRES: the lock, so that
/// completions stay in position order.
std::size_t CommitQueue::end(const Entry* until, std::span<Entry* const> group,
                             std::vector<Entry*>& to_wake) {
  std::size_t callers = 0;
  std::unique_lock<std::mutex> completions_lock;
  for (Entry* const entry : group) {
    bytes_in_flight_ -= entry->attempt.append.data_bytes;
    if (entry->asynchronous()) {
      if (!completions_lock) completions_lock = std::unique_lock(completions_mutex_);
      entry->begun.reset();
      completions_.emplace_back(entry);
    } else {
      ++callers;
      entry->ended = true;
      if (entry != until) to_wake.push_back(entry);
    }
  }
  if (completions_lock) {
    completions_lock.unlock();
    completion_there_.notify_one();
  }
  return callers;
}

/// Gives the lead to the first caller that waits, which is to be woken; to our thread if only
/// asynchronous appends do; or to nobody. REQUIRES: the lock.
CommitQueue::Entry* CommitQueue::next_leader() {
  const auto caller = std::find_if(waiting_.begin(), waiting_.end(),
                                   [](const Entry* entry) { return !entry->asynchronous(); });
  if (caller != waiting_.end()) return *caller;
  if (waiting_.empty()) {
    led_ = false;
  } else {
    thread_leads_ = true;
    thread_turn_.notify_one();
  }
  return nullptr;
}

void CommitQueue::lead_for_async() {
  std::unique_lock lock(mutex_);
  while (true) {
    thread_turn_.wait(lock, [&] { return thread_leads_ || stopping_; });
    if (!thread_leads_) return;
    thread_leads_ = false;
    lead(lock, nullptr);
    lock.lock();
  }
}

void CommitQueue::run_completions() {
  std::vector<std::unique_ptr<Entry>> ready;
  std::unique_lock lock(completions_mutex_);
  while (true) {
    completion_there_.wait(lock, [&] { return !completions_.empty() || completions_end_; });
    if (completions_.empty()) return;
    ready.swap(completions_);
    lock.unlock();
    for (const auto& entry : ready) {
      entry->attempt.finish();
      try {
        entry->completion(std::move(*entry->attempt.outcome));
      } catch (...) {
        // The append stands whatever its writer makes of it, and others wait behind it.
      }
    }
    {
      const std::scoped_lock count_lock(mutex_);
      uncompleted_ -= ready.size();
      if (uncompleted_ == 0) completed_.notify_all();
    }
    ready.clear();
    lock.lock();
  }
}

void CommitQueue::await_attempts(const AppendId& id) {
  const auto& begun = slot(id);
  std::unique_lock lock(mutex_);
  while (begun.load() != 0) {
    // Attempts end with their group, or a moment after it; those being prepared have none yet.
    group_ended_.wait_for(lock, std::chrono::milliseconds(1));
  }
}

void CommitQueue::await_group() {
  std::unique_lock lock(mutex_);
  const auto wait_for = [&](std::uint64_t group) {
    group_ended_.wait(lock, [&] { return groups_ended_ >= group; });
  };
  wait_for(groups_begun_);
  // Its attempts may have got their time before now.
  if (next_formed_) wait_for(groups_ended_ + 1);
}

}  // namespace annals::internal
