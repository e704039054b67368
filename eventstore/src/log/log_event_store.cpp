#include <algorithm>

#include <annals/eventstore/log_event_store.hpp>

#include "commit_queue.hpp"
#include "log_format.hpp"
#include "log_reading.hpp"
#include "log_writer.hpp"
#include "open.hpp"
#include "read_only_log.hpp"
#include "recovery.hpp"

#include <unistd.h>

namespace annals {
namespace internal {
namespace {

/// The store with its writing half. LogWriter decides what is written; CommitQueue decides who runs
/// it; this class makes the outcome visible.
class LogEventStore final : public LogReading {
 public:
  LogEventStore(const LogOptions& options, const Manifest& manifest, std::unique_ptr<FileLock> lock)
      : LogReading(options, manifest), lock_(std::move(lock)) {}

  ~LogEventStore() override {
    if (forked()) {
      // The threads and the right to write stayed with the parent: nothing here may be ended.
      (void)queue_.release();  // NOLINT(bugprone-unused-return-value)
      return;
    }
    if (queue_) queue_->drain();  // Completions may still append, so the queue must be there.
    queue_.reset();
    if (writer_) (void)writer_->close();  // A mark that is not synced costs the next opening only.
  }

  Result<void> open(const Manifest& manifest, PlantedBug bug) {
    snapshots_ = SnapshotFile::open(options_, store_, true);
    Recovery recovery(options_, manifest, bug);
    auto position =
        recovery.run(segments_, [this](const SegmentBytes& segment, const AppendView& append) {
          return publish_found(segment, append);
        });
    if (!position) return std::move(position).error();
    recovered_ = recovery.found();
    writer_.emplace(options_, index_, segments_, std::move(*position), bug);
    bytes_ = writer_->log_bytes();
    queue_ = std::make_unique<CommitQueue>(
        [this](std::span<Attempt* const> attempts) { return run_group(attempts); },
        options_.in_flight_bytes_max);
    return {};
  }

  Result<Receipt> append(AppendRequest request) override {
    if (forked()) return not_ours(request);
    if (!request.id) request.id = new_append_id();
    const auto begun = queue_->begin(*request.id);
    auto prepared = prepare(std::move(request), options_.limits);
    if (!prepared) return std::move(prepared).error();
    return queue_->run(std::move(*prepared));
  }

  void append_async(AppendRequest request, AppendCompletion completion) override {
    if (forked()) return completion(not_ours(request));
    if (!request.id) request.id = new_append_id();
    auto begun = queue_->begin(*request.id);
    auto prepared = prepare(std::move(request), options_.limits);
    if (!prepared) {
      queue_->complete_async(std::move(prepared).error(), std::move(completion));
      return;
    }
    queue_->run_async(std::move(begun), std::move(*prepared), std::move(completion));
  }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    for (const bool waited : {false, true}) {
      if (waited) queue_->await_attempts(id);
      auto found = find_visible(id);
      if (!found) return std::move(found).error();
      if (*found) return std::optional<Receipt>(std::move((*found)->receipt));
    }
    const std::shared_lock lock(failure_mutex_);
    if (failure_.empty()) return std::optional<Receipt>();
    return Error{.code = ErrorCode::unavailable,
                 .message = "writing has ended: " + failure_ +
                            "; reopen the store to find out about append " + to_string(id),
                 .append_id = id};
  }

  Result<void> save_snapshot(Snapshot snapshot) override {
    if (snapshot.data.size() > Limits::data_bytes_ceiling) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "snapshot of " + std::to_string(snapshot.data.size()) +
                              " bytes: at most " + std::to_string(Limits::data_bytes_ceiling)};
    }
    if (auto agrees = agrees_with_log(snapshot); !agrees) return agrees;
    return snapshots_->save(std::move(snapshot));
  }

  Stats stats() const override {
    Stats stats = LogReading::stats();
    stats.groups_synced = groups_.load();
    stats.appends_synced = appends_.load();
    stats.appends_repeated = repeated_.load();
    stats.appends_refused = refused_.load();
    stats.bytes = bytes_.load();
    stats.torn_bytes_cut = recovered_.torn_bytes;
    stats.rewritten_groups = recovered_.rewritten_groups;
    const std::shared_lock lock(failure_mutex_);
    stats.failure = failure_;
    return stats;
  }

 private:
  void await_group_in_flight() const override {
    if (!forked()) queue_->await_group();
  }

  bool forked() const { return ::getpid() != opened_by_; }
  static Error not_ours(const AppendRequest& request) {
    return {.code = ErrorCode::unavailable,
            .message =
                "this process was forked after the store was opened; only the process that "
                "opened it may write",
            .append_id = request.id};
  }

  std::size_t run_group(std::span<Attempt* const> attempts) {
    const std::size_t taken = writer_->step(attempts);
    if (writer_->has_group()) writer_->synced(writer_->sync());
    bool visible = false;
    for (Attempt* attempt : attempts.first(taken)) {
      if (attempt->outcome && attempt->outcome->has_value() && attempt->entry.count > 0) {
        make_visible(*attempt);
        visible = true;
      }
    }
    if (visible) {
      ++groups_;
      wake();
    }
    if (!writer_->failure().empty()) {
      const std::unique_lock lock(failure_mutex_);
      failure_ = writer_->failure();
    }
    for (Attempt* attempt : attempts.first(taken)) {
      if (attempt->state == Attempt::State::repeat) answer_from_log(*attempt);
      if (!attempt->outcome->has_value()) ++refused_;
    }
    bytes_ = writer_->log_bytes();
    return taken;
  }

  void make_visible(Attempt& attempt) {
    std::vector<RecordKeys> keys;
    std::vector<std::vector<std::string_view>> tags;
    const auto& events = attempt.append.request.events;
    keys.reserve(events.size());
    tags.reserve(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      tags.emplace_back(events[i].tags.begin(), events[i].tags.end());
      keys.push_back({.stream = events[i].stream,
                      .version = attempt.versions[i],
                      .type = events[i].type,
                      .tags = tags.back()});
    }
    publish_at(attempt.entry, keys, attempt.addresses);
    ++appends_;
  }

  void answer_from_log(Attempt& attempt) {
    const AppendRequest& request = attempt.append.request;
    auto found = find_visible(*request.id);
    if (!found) {
      attempt.outcome.emplace(std::move(found).error());
    } else if (*found) {
      ++repeated_;
      attempt.outcome.emplace(
          answer_repeat(std::move((*found)->receipt), (*found)->digest, request));
    } else {
      // The first one was in this group, and the group has failed.
      attempt.outcome.emplace(Error{
          .code = writer_->failure().empty() ? ErrorCode::unavailable : ErrorCode::outcome_unknown,
          .message = "an append with the same id has failed: " + writer_->failure(),
          .append_id = request.id});
    }
  }

  const std::unique_ptr<FileLock> lock_;
  const pid_t opened_by_ = ::getpid();
  Recovery::Found recovered_;
  std::optional<LogWriter> writer_;  // Used by the leader only.
  std::unique_ptr<CommitQueue> queue_;
  std::atomic<std::uint64_t> groups_ = 0;
  std::atomic<std::uint64_t> appends_ = 0;
  std::atomic<std::uint64_t> repeated_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  mutable std::shared_mutex failure_mutex_;
  std::string failure_;  // Guarded by failure_mutex_.
};

Result<void> check_options(const LogOptions& options) {
  const auto refuse = [](std::string what) {
    return Error{ErrorCode::invalid_argument, std::move(what)};
  };
  if (options.path.empty()) return refuse("LogOptions::path is empty");
  if (options.segment_bytes < 64 * 1024 || options.segment_bytes > 1024 * 1024 * 1024) {
    return refuse("LogOptions::segment_bytes of " + std::to_string(options.segment_bytes) +
                  ": from 64 KiB to 1 GiB");
  }
  if (options.limits.data_bytes_max == 0 ||
      options.limits.data_bytes_max > Limits::data_bytes_ceiling) {
    return refuse("Limits::data_bytes_max of " + std::to_string(options.limits.data_bytes_max) +
                  ": from 1 byte to 16 MiB");
  }
  if (options.max_clock_skew < std::chrono::microseconds::zero() ||
      options.max_clock_skew > std::chrono::hours(24 * 366)) {
    return refuse("LogOptions::max_clock_skew: from 0 to a year");
  }
  if (!options.clock || !options.files) return refuse("LogOptions without a clock or a disk");
  return {};
}

}  // namespace

Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options, PlantedBug bug) {
  if (auto checked = check_options(options); !checked) return std::move(checked).error();
  options.path = options.files->absolute(options.path);
  if (options.access == LogOptions::Access::read_only) return open_read_only_log(options);
  if (options.access == LogOptions::Access::create) {
    if (auto made = make_folder(*options.files, options.path); !made) {
      return std::move(made).error();
    }
  }
  if (const auto there = options.files->exists(options.path); !there) {
    return there.error();
  } else if (!*there) {
    return no_store(options.path);
  }
  if (options.access == LogOptions::Access::create) {
    auto ours = refuse_foreign_folder(*options.files, options.path);
    if (!ours) return std::move(ours).error();
  }
  auto lock = options.files->lock(options.path + '/' + format::lock_name);
  if (!lock) return std::move(lock).error();
  auto manifest = manifest_for_writing(options);
  if (!manifest) return std::move(manifest).error();
  auto store = std::make_unique<LogEventStore>(options, *manifest, std::move(*lock));
  if (auto opened = store->open(*manifest, bug); !opened) return std::move(opened).error();
  return std::unique_ptr<EventStore>(std::move(store));
}

}  // namespace internal

Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options) {
  return internal::open_log_event_store(std::move(options), internal::PlantedBug::none);
}

}  // namespace annals
