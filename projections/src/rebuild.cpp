#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "projector.hpp"

namespace annals {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// Tells how far a rebuild is, now and then.
class Reporter {
 public:
  Reporter(const EventStore& events, const RebuildOptions& options, bool resumed)
      : events_(events), options_(options) {
    progress_.resumed = resumed;
  }

  /// False: the caller wants it to stop.
  bool report(const internal::Projector& projector, bool at_end) {
    const auto now = SteadyClock::now();
    if (!at_end && now - told_at_ < std::chrono::milliseconds(200)) return true;
    told_at_ = now;
    const double seconds = std::chrono::duration<double>(now - began_at_).count();
    if (!began_position_) began_position_ = projector.position();
    progress_.position = projector.position();
    progress_.head = std::max(events_.head().position, progress_.position);
    progress_.events = projector.events_applied();
    progress_.parked_keys = projector.parked().keys();
    progress_.events_per_second = seconds > 0 ? static_cast<double>(progress_.events) / seconds : 0;
    const auto passed = static_cast<double>(progress_.position.value - began_position_->value);
    const auto left = static_cast<double>(progress_.head.value - progress_.position.value);
    progress_.time_left =
        std::chrono::seconds(passed > 0 ? static_cast<std::int64_t>(seconds * left / passed) : 0);
    return !options_.progress || options_.progress(progress_);
  }
  const RebuildProgress& progress() const { return progress_; }

 private:
  const EventStore& events_;
  const RebuildOptions& options_;
  RebuildProgress progress_;
  const SteadyClock::time_point began_at_ = SteadyClock::now();
  SteadyClock::time_point told_at_ = {};
  std::optional<GlobalPosition> began_position_;
};

Error stopped_by_caller(const ProjectionType& projection) {
  return {.code = ErrorCode::unavailable,
          .message = "the rebuild of projection " + std::string(projection.name) +
                     " was stopped; another one goes on from there"};
}

// Until the shadow has everything that was in the log when it looked last.
Result<void> catch_up(internal::Projector& projector, Reporter& reporter,
                      const ProjectionType& projection) {
  while (true) {
    internal::Projector::Step step = projector.step();
    if (step.reason) return *std::move(step.reason);
    if (step.activity == ProjectionActivity::standing_by) {
      return Error{.code = ErrorCode::unavailable,
                   .message = "projection " + std::string(projection.name) +
                              " is being rebuilt already: " + step.error};
    }
    if (!reporter.report(projector, false)) return stopped_by_caller(projection);
    if (step.activity == ProjectionActivity::live) return {};
    if (step.activity == ProjectionActivity::retrying) std::this_thread::sleep_for(step.pause);
  }
}

// Whether what serves now belongs to this history: then it may not be replaced by something older.
Result<bool> belongs_to_history(const EventStore& events, const ReadModelStore& rows,
                                const ProjectionType& projection) {
  auto records = rows.records();
  if (!records) return std::move(records).error();
  bool there = false;
  for (const CheckpointRecord& record : *records) {
    if (record.projection != projection.name) continue;
    there = true;
    if (record.checkpoint && !events.resume(*record.checkpoint)) return false;
  }
  return there;
}

}  // namespace

Result<RebuildProgress> rebuild(const EventStore& events, ReadModelStore& rows,
                                const ProjectionType& projection, RebuildOptions options) {
  if (options.partitions > 0 || options.split_by) {
    const Partition wanted{0, std::max<std::uint32_t>(options.partitions, 1),
                           options.split_by.value_or(SplitBy::row)};
    auto can = check_definition(projection, wanted, nullptr, rows.name());
    if (!can) return std::move(can).error();
  }
  if (options.from_scratch) {
    if (auto dropped = rows.drop_shadow(projection); !dropped) return std::move(dropped).error();
  }
  auto shadow = rows.open_shadow(projection);
  if (!shadow) return std::move(shadow).error();
  auto begun = (*shadow)->records();
  if (!begun) return std::move(begun).error();
  // What an interrupted rebuild has left may be of a history that was replaced since.
  if (!begun->empty() && begun->front().checkpoint && !events.resume(*begun->front().checkpoint)) {
    shadow->reset();
    if (auto dropped = rows.drop_shadow(projection); !dropped) return std::move(dropped).error();
    shadow = rows.open_shadow(projection);
    if (!shadow) return std::move(shadow).error();
    begun->clear();
  }

  RunnerOptions running{.batch_events = std::max<std::size_t>(options.batch_events, 1),
                        .parked_limits = options.parked_limits,
                        .upcasters = options.upcasters};
  Reporter reporter(events, options, !begun->empty());
  {
    internal::Projector projector({events, **shadow, projection, running});
    while (true) {
      if (auto caught_up = catch_up(projector, reporter, projection); !caught_up) {
        return std::move(caught_up).error();
      }
      auto same_history = belongs_to_history(events, rows, projection);
      if (!same_history) return std::move(same_history).error();
      auto swapped = rows.swap_in(projection, **shadow,
                                  {.only_if_caught_up = *same_history,
                                   .partitions = options.partitions,
                                   .split_by = options.split_by});
      if (swapped) break;
      if (swapped.error().code != ErrorCode::wrong_expected_version) {
        return std::move(swapped).error();
      }
    }
    static_cast<void>(reporter.report(projector, true));
  }
  shadow->reset();
  // The new tables are in place. What cannot be removed now, since another rebuild is at it, that
  // one or the next removes.
  static_cast<void>(rows.drop_shadow(projection));
  return reporter.progress();
}

}  // namespace annals
