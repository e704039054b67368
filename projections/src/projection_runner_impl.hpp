#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <annals/projections/projection_runner.hpp>

#include "projector.hpp"
#include "share.hpp"

namespace annals {

namespace internal {

/// Events a second, the last ten seconds weighing most.
class Rate {
 public:
  void count(std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - at_).count();
    if (seconds < 0.2) return;
    const double rate = static_cast<double>(total - total_) / seconds;
    const double weight = std::min(seconds / 10.0, 1.0);
    value_ = value_ == 0 ? rate : value_ * (1 - weight) + rate * weight;
    total_ = total;
    at_ = now;
  }
  double value() const { return value_; }

 private:
  double value_ = 0;
  std::uint64_t total_ = 0;
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
};

}  // namespace internal

class ProjectionRunner::Impl {
 public:
  using SteadyClock = std::chrono::steady_clock;

  Impl(const EventSource& events, ReadModelStore& rows, RunnerOptions options)
      : events_(events), rows_(rows), options_(std::move(options)) {
    const std::size_t count = std::max<std::size_t>(options_.threads, 1);
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Impl() { stop(); }

  Result<void> add(const ProjectionType& projection, std::uint32_t partitions);
  Result<void> add_to_group(const ProjectionType& projection, const PartitionedSource& source);
  void stop();
  std::optional<ProjectionStatus> status(std::string_view projection) const;
  std::vector<ProjectionStatus> status() const;
  Result<void> retry(std::string_view projection);
  Result<std::uint64_t> wish_parked(std::string_view projection,
                                    const std::optional<ParkedRow>& row, ParkedWish wish);
  Result<void> wait(std::string_view projection, GlobalPosition position,
                    std::chrono::milliseconds timeout) const;

 private:
  /// One partition of a projection.
  struct Part {
    explicit Part(internal::Projector::Setup setup) : projector(std::move(setup)) {}

    internal::Projector projector;  // Used by the thread that has set `running`, without the lock.
    // Guarded by mutex_:
    bool running = false;
    bool woken = false;  // While running.
    bool retry = false;
    bool wished = false;    // Something for parked keys.
    bool recalled = false;  // It is to be given back at once.
    bool claimed = false;
    SteadyClock::time_point due = SteadyClock::now();
    PartitionStatus status = {};
    /// Since when it has been starting or retrying.
    std::optional<SteadyClock::time_point> held_up_since = SteadyClock::now();
    std::uint64_t events_applied = 0;
    std::uint64_t fenced = 0;
    std::uint64_t retries = 0;
    std::uint64_t parked_keys = 0;
    std::uint64_t parked_events = 0;
  };
  struct Entry {
    Entry(std::string projection_name, std::unique_ptr<internal::Share> how)
        : name(std::move(projection_name)), share(std::move(how)) {}

    const std::string name;
    const std::unique_ptr<internal::Share> share;
    std::unique_ptr<PartitionMember> member;  // Of a group.
    // Guarded by mutex_:
    std::vector<std::unique_ptr<Part>> parts;  // None before its source is joined.
    const SteadyClock::time_point entered_at = SteadyClock::now();
    bool begun = false;  // The first step, which tells whether there are more, has been taken.
    internal::Rate rate = {};
  };
  using Entries = std::map<std::string, std::unique_ptr<Entry>, std::less<>>;
  struct Due {
    Entry* entry = nullptr;
    Part* part = nullptr;
  };

  /// Takes the projection in, unless it or this runner is not to be. Errors: invalid_argument.
  Result<Entry*> enter(const ProjectionType& projection, std::unique_ptr<internal::Share> share);
  /// Adds a part; its first step comes when `begin` is called. REQUIRES: mutex_.
  void add_part(Entry& entry, const ProjectionType& projection, const EventSource& events,
                Partition partition);
  /// Takes the first step, which tells whether the rows and the source belong together.
  Result<void> begin(Entry& entry);
  /// Has a part given back, and waits for that a while.
  void recall(std::string_view projection, std::span<const std::uint32_t> partitions);
  /// Lets a part take its next step at once.
  void hurry(std::string_view projection, std::uint32_t partition);
  void work();
  Due next_due(SteadyClock::time_point now, SteadyClock::time_point& earliest);
  void wake(Part& part);
  /// Takes over what the step came to. Wants the lock held; returns whether the activity changed.
  bool record(Entry& entry, Part& part, internal::Projector::Step step);
  ProjectionStatus status_of(const Entry& entry) const;  // REQUIRES: mutex_.
  void complete(ProjectionStatus& status) const;

  const EventSource& events_;
  ReadModelStore& rows_;
  const RunnerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable work_;             // Something is due.
  mutable std::condition_variable changed_;  // A status is another.
  Entries entries_;
  bool stopping_ = false;
  std::mutex stop_mutex_;  // Before mutex_: one stop() at a time.
  std::vector<std::thread> threads_;
};

}  // namespace annals
