#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <annals/eventstore/event_store.hpp>

#include "eras.hpp"
#include "index.hpp"

namespace annals::internal {

/// The reading half of an engine: everything that follows from an Index and a way to fetch records.
/// An engine adds writing, snapshots, verify and stats.
class IndexedEventStore : public EventStore, protected AppendReader {
 public:
  Result<std::unique_ptr<Cursor>> read(ReadOptions options) const override;
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override;
  Head head() const override;
  Token token() const override;
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override;
  Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const override;
  Result<Link> link_at(GlobalPosition position) const override;
  Result<RecordedAppend> append_holding(GlobalPosition position) const override;
  Result<std::vector<RecordedAppend>> appends_holding(GlobalPosition first,
                                                      GlobalPosition last) const override;

  /// The events at these visible positions, in the order given; positions that hold no event are
  /// left out. Called without a lock held.
  virtual Result<RecordedEvents> fetch(std::span<const GlobalPosition> positions) const = 0;

  /// Resolves `as_of` to a cut. For a time at or after the last visible one it first waits for the
  /// group in flight, whose time may be the same.
  Result<Cut> resolve(const AsOf& as_of) const;

  /// Up to `max` matching positions between two bounds: see Index.
  Result<std::vector<GlobalPosition>> select(const Query& query, GlobalPosition after,
                                             GlobalPosition up_to, std::size_t max) const {
    return index_.select(query, after, up_to, max);
  }
  Result<std::vector<GlobalPosition>> select_backward(const Query& query, GlobalPosition before,
                                                      GlobalPosition from, std::size_t max) const {
    return index_.select_backward(query, before, from, max);
  }

  /// The position of `stream`'s event `version`, if it has it.
  Result<std::optional<GlobalPosition>> position_of(std::string_view stream,
                                                    StreamVersion version) const {
    return index_.position_of(stream, version);
  }

  /// What a subscription hands out next: the matching positions after `after`, at least until they
  /// are `events` many, whole appends only, and how far it looked for them.
  struct Run {
    std::vector<GlobalPosition> positions;
    GlobalPosition complete_up_to;
    Link link;
  };
  Result<Run> run_after(const Query& query, GlobalPosition after, std::size_t events) const;

  /// Waits until something beyond `position` is visible, `stopped` says so, or the time is over.
  /// An engine that is written to by another process looks for news here.
  virtual Result<void> wait_beyond(GlobalPosition position,
                                   std::chrono::steady_clock::time_point until,
                                   const std::function<bool()>& stopped) const;
  /// Wakes all waiting subscriptions, and calls the functions of those that do not wait.
  void wake() const;
  /// Sets the function to be called for `subscription`, or removes it if it is empty.
  void set_wake_function(const Subscription* subscription, std::function<void()> function) const;

 protected:
  IndexedEventStore(StoreId store, std::vector<EraBegin> eras)
      : store_(store), eras_(std::move(eras)), hasher_(store), index_(hasher_, *this) {}

  /// Whether `snapshot` says the truth about the log: its stream has that event, at that position,
  /// in an append with that link.
  ///
  /// Errors: invalid_argument, saying what differs.
  Result<void> agrees_with_log(const Snapshot& snapshot) const;

  /// Waits until the group being written now, if any, is visible or has failed.
  virtual void await_group_in_flight() const {}

  /// The receipt of the append with this id if it is visible, marked repeated, and the digest it
  /// had.
  struct Found {
    Receipt receipt;
    RequestDigest digest;
  };
  Result<std::optional<Found>> find_visible(const AppendId& id) const;

  const StoreId store_;
  const std::vector<EraBegin> eras_;  // Not empty; the last is the present era.

  /// The era in which `position` was written.
  Era era_of(GlobalPosition position) const { return internal::era_of(eras_, position); }
  Era present_era() const { return eras_.back().era; }

  const KeyHasher hasher_;
  Index index_;  // Only the writing thread changes it; wake() after that.

 private:
  mutable std::mutex wake_mutex_;
  mutable std::condition_variable woken_;
  mutable std::mutex wake_functions_mutex_;
  mutable std::atomic<std::size_t> wake_function_count_ = 0;  // Spares a writer the lock.
  mutable std::map<const Subscription*, std::function<void()>> wake_functions_;
};

}  // namespace annals::internal
