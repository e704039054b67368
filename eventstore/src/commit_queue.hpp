#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <annals/eventstore/append.hpp>

#include "attempt.hpp"
#include "wake_up.hpp"

namespace annals::internal {

/// Gathers appends of many threads into groups. Leader and followers: the first caller that waits
/// leads, that is, it runs a group for itself and all who have come meanwhile, then hands on to one
/// who still waits. A caller alone pays no change of thread. While only asynchronous appends wait,
/// a thread of the queue's leads; another one runs their completions, in order.
class CommitQueue {
 public:
  /// What a group took from the front of the attempts, at least one and all of them settled, and
  /// how many behind those are in the next group already.
  struct Ran {
    std::size_t taken = 0;
    std::size_t ahead = 0;
  };
  /// The attempts that wait now, from the one with this number on; valid until the next call.
  using Behind = std::function<std::span<Attempt* const>(std::size_t)>;
  /// Runs one group. The attempts that it took ahead come first at the next call. Called by one
  /// thread at a time.
  using RunGroup = std::function<Ran(std::span<Attempt* const>, const Behind&)>;

  /// `wait_share`: before a group is run it may wait for callers who have just been answered and
  /// may come again, for this share of the time that the group before it took, counted from its
  /// end. Worth its while where a group costs much besides its appends. Where they do not come,
  /// groups soon stop waiting for them, and only now and then try again.
  CommitQueue(RunGroup run_group, std::uint64_t bytes_max, double wait_share = 0);
  /// Waits for everything in flight, completions included.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// Counts an attempt from before it is prepared until it has ended. One whose id nobody knows
  /// need not be counted.
  class Begun {
   public:
    Begun() = default;
    explicit Begun(std::atomic<std::uint32_t>& slot) : slot_(&slot) { ++*slot_; }
    Begun(Begun&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    Begun& operator=(Begun&&) = delete;
    ~Begun() {
      if (slot_ != nullptr) --*slot_;
    }

   private:
    std::atomic<std::uint32_t>* slot_ = nullptr;
  };
  Begun begin(const AppendId& id) { return Begun(slot(id)); }

  /// Why nothing is run any more, or empty: running a group has thrown, so that nobody knows how
  /// far it had come.
  std::string failure() const;

  /// Waits for the outcome.
  Result<Receipt> run(PreparedAppend append);
  /// Blocks only while too many bytes are in flight.
  void run_async(Begun begun, PreparedAppend append, AppendCompletion completion);
  /// Completes in the order of the other asynchronous appends, without a group.
  void complete_async(Error error, AppendCompletion completion);

  /// Waits until every attempt with this id that has begun by now has ended.
  void await_attempts(const AppendId& id);
  /// Waits until nothing asynchronous is in flight, appends begun by completions included.
  void drain();
  /// Waits until the groups that run or have been begun now, if any, have ended.
  void await_group();

 private:
  // Attempts by id, in few counters: two ids may share one, and then wait for each other.
  static constexpr std::size_t slot_count = 65'536;
  // Runs no group larger than this, whatever waits.
  static constexpr std::size_t group_attempts_max = 8'192;
  // After a group has waited in vain, so many wait for no more than came then, or not at all.
  static constexpr unsigned modest_groups = 16;

  struct Entry {
    Attempt attempt;
    std::optional<Begun> begun;   // Of an asynchronous one.
    AppendCompletion completion;  // Of an asynchronous one.
    WakeUp turn;                  // Of a caller: its append has ended, or it is to lead.
    bool ended = false;           // Guarded by mutex_, until the caller is woken.
    bool asynchronous() const { return begun.has_value(); }
  };

  std::atomic<std::uint32_t>& slot(const AppendId& id) {
    return begun_[std::hash<AppendId>{}(id) % slot_count];
  }
  void enqueue(std::unique_lock<std::mutex>& lock, Entry& entry);
  void list_waiting(std::size_t from, std::vector<Attempt*>& attempts) const;
  void gather(std::unique_lock<std::mutex>& lock);
  void lead(std::unique_lock<std::mutex>& lock, const Entry* until);
  Ran run_or_fail(std::span<Attempt* const> attempts, const Behind& behind);
  std::size_t end(const Entry* until, std::span<Entry* const> group, std::vector<Entry*>& to_wake);
  Entry* next_leader();
  /// Errors: unavailable (the process may have no more); the next call tries again.
  Result<void> start_threads();
  void lead_for_async();
  void run_completions();

  using SteadyTime = std::chrono::steady_clock::time_point;

  const RunGroup run_group_;
  const std::uint64_t bytes_max_;
  const double wait_share_;
  std::array<std::atomic<std::uint32_t>, slot_count> begun_{};

  std::mutex mutex_;
  std::deque<Entry*> waiting_;         // Guarded by mutex_; asynchronous ones are owned.
  std::uint64_t bytes_in_flight_ = 0;  // Guarded by mutex_.
  std::condition_variable room_;       // Bytes have become free.
  bool led_ = false;                   // Guarded by mutex_: somebody leads.
  bool thread_leads_ = false;          // Guarded by mutex_: our thread is to.
  bool stopping_ = false;              // Guarded by mutex_.
  std::condition_variable thread_turn_;
  std::size_t expected_ = 0;       // Guarded by mutex_: how many the next group may come to have.
  SteadyTime gather_until_{};      // Guarded by mutex_.
  std::size_t gather_target_ = 0;  // Guarded by mutex_: who leads waits for so many; 0: for none.
  std::size_t modest_target_ = 0;  // Guarded by mutex_: since a group waited in vain.
  unsigned modest_left_ = 0;       // Guarded by mutex_: groups that go by it.
  std::condition_variable gathered_;
  std::uint64_t groups_begun_ = 0;  // Guarded by mutex_.
  std::uint64_t groups_ended_ = 0;  // Guarded by mutex_.
  bool next_formed_ = false;        // Guarded by mutex_: the next group has attempts already.
  std::condition_variable group_ended_;
  std::uint64_t uncompleted_ = 0;  // Guarded by mutex_: asynchronous, begun, not completed.
  std::condition_variable completed_;

  std::mutex completions_mutex_;
  std::vector<std::unique_ptr<Entry>> completions_;  // Settled. Guarded by completions_mutex_.
  bool completions_end_ = false;                     // Guarded by completions_mutex_.
  std::condition_variable completion_there_;

  mutable std::mutex failure_mutex_;
  std::string failure_;  // Guarded by failure_mutex_; written by who leads.

  std::mutex threads_mutex_;
  std::atomic<bool> threads_started_ = false;
  std::thread leader_;
  std::thread completer_;
};

}  // namespace annals::internal
