#include <algorithm>

#include "projection_runner_impl.hpp"

namespace annals {

namespace {

Error not_here(std::string_view projection) {
  return {.code = ErrorCode::invalid_argument,
          .message = "projection " + std::string(projection) + " is not running here"};
}

bool is_held_up(ProjectionActivity activity) {
  return activity == ProjectionActivity::starting || activity == ProjectionActivity::retrying;
}

}  // namespace

Result<ProjectionRunner::Impl::Entry*> ProjectionRunner::Impl::enter(
    const ProjectionType& projection, std::unique_ptr<internal::Share> share) {
  const auto refuse = [&](const std::string& why) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "projection " + std::string(projection.name) + " " + why};
  };
  const std::lock_guard lock(mutex_);
  if (stopping_) return refuse("cannot be added: the runner has stopped");
  const auto [place, fresh] = entries_.try_emplace(std::string(projection.name));
  if (!fresh) return refuse("is running here already");
  place->second = std::make_unique<Entry>(place->first, std::move(share));
  return place->second.get();
}

void ProjectionRunner::Impl::add_part(Entry& entry, const ProjectionType& projection,
                                      const EventSource& events, Partition partition) {
  // The wake function finds the part by its projection's name, which stays as long as the runner.
  const auto wake_it = [this, name = std::string_view(entry.name), i = partition.index] {
    const std::lock_guard lock_for_wake(mutex_);
    if (const auto found = entries_.find(name); found != entries_.end()) {
      wake(*found->second->parts[i]);
    }
  };
  entry.parts.push_back(std::make_unique<Part>(internal::Projector::Setup{
      events, rows_, projection, options_, wake_it, partition, entry.share.get()}));
  entry.parts.back()->status.partition = partition;
}

Result<void> ProjectionRunner::Impl::add(const ProjectionType& projection,
                                         std::uint32_t partitions) {
  if (auto can = check_definition(projection, {0, partitions}, nullptr, {}); !can) return can;
  auto entry = enter(projection, std::make_unique<internal::RecordShare>(
                                     rows_, projection, make_holder(), options_.lease));
  if (!entry) return std::move(entry).error();
  {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t i = 0; i < partitions; ++i) {
      add_part(**entry, projection, events_, {i, partitions});
    }
    (*entry)->parts.front()->running = true;
  }
  return begin(**entry);
}

Result<void> ProjectionRunner::Impl::begin(Entry& entry) {
  internal::Projector::Step step = entry.parts.front()->projector.step();
  const bool refused = step.refused;
  const std::optional<Error> reason = step.reason;
  std::unique_ptr<Entry> removed;
  {
    const std::lock_guard lock(mutex_);
    record(entry, *entry.parts.front(), std::move(step));
    entry.parts.front()->running = false;
    entry.begun = true;
    if (refused) {
      const auto place = entries_.find(entry.name);
      removed = std::move(place->second);
      entries_.erase(place);
    }
  }
  work_.notify_all();
  changed_.notify_all();
  if (removed) return *reason;
  return {};
}

void ProjectionRunner::Impl::wake(Part& part) {
  part.woken = true;
  if (part.running) return;
  part.due = SteadyClock::now();
  work_.notify_one();
}

ProjectionRunner::Impl::Due ProjectionRunner::Impl::next_due(SteadyClock::time_point now,
                                                             SteadyClock::time_point& earliest) {
  Due next;
  for (const auto& [name, entry] : entries_) {
    if (!entry->begun) continue;
    for (const auto& part : entry->parts) {
      if (part->running) continue;
      if (part->due < earliest) earliest = part->due;
      if (part->due > now || (next.part != nullptr && part->due >= next.part->due)) continue;
      next = {entry.get(), part.get()};
    }
  }
  return next;
}

void ProjectionRunner::Impl::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto earliest = SteadyClock::now() + std::chrono::seconds(1);
    const auto [entry, part] = next_due(SteadyClock::now(), earliest);
    if (part == nullptr) {
      work_.wait_until(lock, earliest);
      continue;
    }
    part->running = true;
    part->woken = false;
    if (std::exchange(part->retry, false)) part->projector.forget_failure();
    if (std::exchange(part->wished, false)) part->projector.expect_wishes();
    part->recalled = false;
    lock.unlock();
    auto step = part->projector.step();
    lock.lock();
    part->running = false;
    const bool new_activity = record(*entry, *part, std::move(step));
    changed_.notify_all();
    if (new_activity && options_.on_change) {
      lock.unlock();
      try {
        options_.on_change(entry->name);
      } catch (...) {  // Whoever watches must not end it.
      }
      lock.lock();
    }
  }
}

bool ProjectionRunner::Impl::record(Entry& entry, Part& part, internal::Projector::Step step) {
  PartitionStatus& status = part.status;
  const bool changed = status.activity != step.activity;
  status.activity = step.activity;
  if (!is_held_up(step.activity)) {
    part.held_up_since.reset();
  } else if (!part.held_up_since) {
    part.held_up_since = SteadyClock::now();
  }
  status.last_error = std::move(step.error);
  if (step.reason) status.last_error = to_string(*step.reason);
  status.position = part.projector.position();
  status.epoch = part.projector.epoch();
  part.claimed = part.projector.has_claim();
  part.events_applied = part.projector.events_applied();
  part.fenced = part.projector.fenced();
  part.retries = part.projector.retries();
  part.parked_keys = part.projector.parked().keys();
  part.parked_events = part.projector.parked().events();
  std::uint64_t applied = 0;
  for (const auto& each : entry.parts) applied += each->events_applied;
  entry.rate.count(applied);
  // News that came during the step; but it does not shorten a pause after a failure.
  const bool quiet = status.activity == ProjectionActivity::live;
  part.due = SteadyClock::now();
  const bool at_once = (part.woken && quiet) || part.retry || part.wished || part.recalled;
  if (!at_once) part.due += step.pause;
  return changed;
}

ProjectionStatus ProjectionRunner::Impl::status_of(const Entry& entry) const {
  // The worst first; of those that another worker holds nothing is known but that.
  constexpr ProjectionActivity worst_first[] = {
      ProjectionActivity::halted,      ProjectionActivity::retrying,    ProjectionActivity::paused,
      ProjectionActivity::starting,    ProjectionActivity::catching_up, ProjectionActivity::live,
      ProjectionActivity::standing_by, ProjectionActivity::stopped};
  const auto rank = [&](ProjectionActivity activity) {
    return std::find(std::begin(worst_first), std::end(worst_first), activity);
  };
  ProjectionStatus status;
  status.projection = entry.name;
  const auto now_is = SteadyClock::now();
  const auto held_up = [&](SteadyClock::time_point since) {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(now_is - since);
    status.held_up = std::max(status.held_up, time);
  };
  if (entry.parts.empty()) held_up(entry.entered_at);
  const PartitionStatus* worst = nullptr;
  for (const auto& part : entry.parts) {
    const PartitionStatus& now = part->status;
    status.position = worst == nullptr ? now.position : std::min(status.position, now.position);
    if (worst == nullptr || rank(now.activity) < rank(worst->activity)) worst = &now;
    if (part->held_up_since && is_held_up(now.activity)) held_up(*part->held_up_since);
    status.epoch = std::max(status.epoch, now.epoch);
    status.events_applied += part->events_applied;
    status.fenced += part->fenced;
    status.retries += part->retries;
    status.parked_keys += part->parked_keys;
    status.parked_events += part->parked_events;
    status.partitions.push_back(now);
  }
  if (worst != nullptr) {  // Else it has just been entered, and is starting.
    status.activity = worst->activity;
    status.last_error = worst->last_error;
  }
  status.events_per_second = entry.rate.value();
  return status;
}

void ProjectionRunner::Impl::stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  {
    // What add() has begun on its caller's thread.
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      return std::all_of(entries_.begin(), entries_.end(),
                         [](const auto& entry) { return entry.second->begun; });
    });
  }
  // Without the lock: what the store calls when something is appended takes it.
  for (const auto& [name, entry] : entries_) {
    for (const auto& part : entry->parts) part->projector.release();
    if (entry->parts.size() > 1) entry->share->withdraw();
    entry->member.reset();
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      for (const auto& part : entry->parts) {
        if (part->status.activity != ProjectionActivity::halted) {
          part->status.activity = ProjectionActivity::stopped;
        }
      }
    }
  }
  changed_.notify_all();
}

void ProjectionRunner::Impl::complete(ProjectionStatus& status) const {
  const Head head = events_.head();
  status.head = std::max(head.position, status.position);
  status.lag_events = status.head.value - status.position.value;
  // Also at the head: a source that cannot look does not know of a later one.
  auto lag = lag_after(events_, status.position, options_.clock->now());
  if (lag) {
    status.lag = *lag;
  } else {
    status.lag_error = std::move(lag).error().message;
  }
}

std::optional<ProjectionStatus> ProjectionRunner::Impl::status(std::string_view projection) const {
  ProjectionStatus status;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(projection);
    if (found == entries_.end()) return std::nullopt;
    status = status_of(*found->second);
  }
  complete(status);
  return status;
}

std::vector<ProjectionStatus> ProjectionRunner::Impl::status() const {
  std::vector<ProjectionStatus> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_) all.push_back(status_of(*entry));
  }
  for (ProjectionStatus& status : all) complete(status);
  return all;
}

Result<void> ProjectionRunner::Impl::retry(std::string_view projection) {
  const auto find = [&]() -> Entry* {
    const auto found = entries_.find(projection);
    return found == entries_.end() ? nullptr : found->second.get();
  };
  {
    const std::lock_guard lock(mutex_);
    if (find() == nullptr) return not_here(projection);
  }
  // First: afterwards it could be the failure of the next try.
  auto cleared = rows_.clear_failure(projection);
  {
    const std::lock_guard lock(mutex_);
    Entry* entry = find();
    if (entry == nullptr) return not_here(projection);
    for (const auto& part : entry->parts) {
      part->retry = true;
      part->status.activity = ProjectionActivity::starting;
      part->held_up_since = SteadyClock::now();
      part->due = SteadyClock::now();
    }
  }
  work_.notify_all();
  return cleared;
}

Result<std::uint64_t> ProjectionRunner::Impl::wish_parked(std::string_view projection,
                                                          const std::optional<ParkedRow>& row,
                                                          ParkedWish wish) {
  {
    const std::lock_guard lock(mutex_);
    if (entries_.find(projection) == entries_.end()) return not_here(projection);
  }
  auto keys = rows_.wish_parked(projection, row, wish);
  if (!keys) return keys;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(projection);
    if (found == entries_.end()) return not_here(projection);
    for (const auto& part : found->second->parts) {
      part->wished = true;
      if (part->status.activity == ProjectionActivity::live) part->due = SteadyClock::now();
    }
  }
  work_.notify_all();
  return keys;
}

Result<void> ProjectionRunner::Impl::wait(std::string_view projection, GlobalPosition position,
                                          std::chrono::milliseconds timeout) const {
  const auto deadline = deadline_after(timeout);
  std::unique_lock lock(mutex_);
  ProjectionStatus status;
  const auto ended = [&] {
    return std::any_of(status.partitions.begin(), status.partitions.end(), [&](const auto& part) {
      return part.position < position && (part.activity == ProjectionActivity::halted ||
                                          part.activity == ProjectionActivity::stopped);
    });
  };
  bool here = false;
  // Looked up each time: an entry goes when its first step is refused.
  changed_.wait_until(lock, deadline, [&] {
    const auto found = entries_.find(projection);
    here = found != entries_.end();
    if (here) status = status_of(*found->second);
    return !here || status.position >= position || ended();
  });
  if (!here) return not_here(projection);
  if (status.position >= position) return {};
  const std::string where = "projection " + status.projection + " is at position " +
                            to_string(status.position) + ", not yet at " + to_string(position);
  if (ended()) {
    return Error{.code = ErrorCode::unavailable,
                 .message = where + ", and has " + std::string(to_string(status.activity)) +
                            (status.last_error.empty() ? "" : ": " + status.last_error)};
  }
  return Error{.code = ErrorCode::timeout,
               .message = where + " (" + std::string(to_string(status.activity)) +
                          (status.last_error.empty() ? "" : ": " + status.last_error) + ")"};
}

ProjectionRunner::ProjectionRunner(const EventSource& events, ReadModelStore& rows,
                                   RunnerOptions options)
    : impl_(std::make_unique<Impl>(events, rows, std::move(options))) {}
ProjectionRunner::~ProjectionRunner() = default;

Result<void> ProjectionRunner::add(const ProjectionType& projection, std::uint32_t partitions) {
  return impl_->add(projection, partitions);
}
Result<void> ProjectionRunner::add_to_group(const ProjectionType& projection,
                                            const PartitionedSource& source) {
  return impl_->add_to_group(projection, source);
}
void ProjectionRunner::stop() { impl_->stop(); }
std::optional<ProjectionStatus> ProjectionRunner::status(std::string_view projection) const {
  return impl_->status(projection);
}
std::vector<ProjectionStatus> ProjectionRunner::status() const { return impl_->status(); }
Result<void> ProjectionRunner::retry(std::string_view projection) {
  return impl_->retry(projection);
}
Result<std::uint64_t> ProjectionRunner::retry_parked(std::string_view projection,
                                                     const std::optional<ParkedRow>& row) {
  return impl_->wish_parked(projection, row, ParkedWish::retry);
}
Result<std::uint64_t> ProjectionRunner::skip_parked(std::string_view projection,
                                                    const ParkedRow& row, bool all) {
  return impl_->wish_parked(projection, row, all ? ParkedWish::skip_all : ParkedWish::skip);
}
Result<void> ProjectionRunner::wait(std::string_view projection, GlobalPosition position,
                                    std::chrono::milliseconds timeout) const {
  return impl_->wait(projection, position, timeout);
}

}  // namespace annals
