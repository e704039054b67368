#include <algorithm>

#include <annals/eventstore/log_event_store.hpp>

#include "commit_queue.hpp"
#include "engine_options.hpp"
#include "heads_file.hpp"
#include "log_format.hpp"
#include "log_reading.hpp"
#include "log_writer.hpp"
#include "open.hpp"
#include "pack_segment.hpp"
#include "packer.hpp"
#include "read_only_log.hpp"
#include "recovery.hpp"
#include "sealer.hpp"

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
      (void)queue_.release();   // NOLINT(bugprone-unused-return-value)
      (void)sealer_.release();  // NOLINT(bugprone-unused-return-value)
      (void)packer_.release();  // NOLINT(bugprone-unused-return-value)
      return;
    }
    if (queue_) queue_->drain();  // Completions may still append, so the queue must be there.
    const bool half_done = queue_ && !queue_->failure().empty();
    queue_.reset();
    sealer_.reset();  // It tells the packer.
    packer_.reset();
    if (!writer_ || half_done) return;
    if (auto ours = lock_->check(); !ours) writer_->end(ours.error());
    // What is not marked as closed costs the next opening only.
    const bool closed = writer_->close().has_value();
    if (closed && heads_ != nullptr) (void)heads_->close(head().link);
  }

  Result<void> open(const Manifest& manifest, PlantedBug bug, bool seal_at_once) {
    bug_ = bug;
    snapshots_ = SnapshotFile::open(options_, store_, true);
    Recovery recovery(options_, manifest, bug);
    std::vector<Sealer::Job> unindexed;
    auto position = recovery.run(
        segments_,
        {.on_sealed = [&](const ManifestSegment& listed, bool newest) -> Result<void> {
           auto made = add_sealed(listed, newest);
           if (!made) return std::move(made).error();
           if (*made) unindexed.push_back({listed, *std::move(made)});
           return {};
         },
         .on_active = [this](std::uint64_t number) { return begin_active(number); },
         .on_append = [this](const SegmentBytes& segment,
                             const AppendView& append) { return publish_found(segment, append); }});
    if (!position) return std::move(position).error();
    auto begun = check_era_has_begun(options_, manifest, head().position);
    if (!begun) return begun;
    if (auto opened = open_heads(bug); !opened) return opened;
    if (repaired_heads_) {  // As in a copy.
      if (auto wiped = recovery.wipe_rest(segments_, *position); !wiped) return wiped;
    }
    if (options_.compression != Compression::none) {
      packer_ = std::make_unique<Packer>(
          [this](const ManifestSegment& listed, const PackingProgress& progress) {
            return pack(listed, progress);
          },
          seal_at_once);
      for (const ManifestSegment& listed : manifest.segments) {
        if (listed.sealed) packer_->add(listed);
      }
    }
    sealer_ = std::make_unique<Sealer>([this](const Sealer::Job& job) { seal(job); }, seal_at_once);
    for (Sealer::Job& job : unindexed) sealer_->add(std::move(job));
    recovered_ = recovery.found();
    writer_.emplace(options_, index_, segments_, std::move(*position), bug);
    bytes_ = writer_->log_bytes();
    queue_ = std::make_unique<CommitQueue>(
        [this](std::span<Attempt* const> attempts, const CommitQueue::Behind& behind) {
          return run_group(attempts, behind);
        },
        options_.in_flight_bytes_max);
    return {};
  }

  Result<Receipt> append(AppendRequest request) override {
    if (forked()) return not_ours(request);
    auto prepared = prepared_here(std::move(request));
    if (!prepared.append) return std::move(prepared.append).error();
    return queue_->run(std::move(*prepared.append));
  }

  void append_async(AppendRequest request, AppendCompletion completion) override {
    if (forked()) return completion(not_ours(request));
    auto prepared = prepared_here(std::move(request));
    if (!prepared.append) {
      queue_->complete_async(std::move(prepared.append).error(), std::move(completion));
      return;
    }
    queue_->run_async(std::move(prepared.begun), std::move(*prepared.append),
                      std::move(completion));
  }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    if (forked()) {
      Error error = forked_away();
      error.append_id = id;
      return error;
    }
    for (const bool waited : {false, true}) {
      if (waited) queue_->await_attempts(id);
      auto found = find_visible(id);
      if (!found) return std::move(found).error();
      if (*found) return std::optional<Receipt>(std::move((*found)->receipt));
    }
    const std::string failure = this->failure();
    if (failure.empty()) return std::optional<Receipt>();
    return Error{.code = ErrorCode::unavailable,
                 .message = "writing has ended: " + failure +
                            "; reopen the store to find out about append " + to_string(id),
                 .append_id = id};
  }

  Result<void> save_snapshot(Snapshot snapshot) override {
    if (snapshot.data.size() > Limits::data_bytes_ceiling) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "snapshot of " + std::to_string(snapshot.data.size()) +
                              " bytes: at most " + std::to_string(Limits::data_bytes_ceiling)};
    }
    if (forked()) return forked_away();
    if (auto agrees = agrees_with_log(snapshot); !agrees) return agrees;
    if (auto ours = lock_->check(); !ours) return ours;
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
    stats.missing_from_copy = recovered_.missing_from_copy;
    stats.failure = failure();
    if (packer_) stats.packing_failure = packer_->failure();
    return stats;
  }

  Result<VerifyReport> verify(const VerifyOptions& options) const override {
    // The files are found by their paths: another store may have come to be there.
    if (auto ours = lock_->check(); !ours) return std::move(ours).error();
    return LogReading::verify(options);
  }

 private:
  /// Why nothing can be written any more, or empty.
  std::string failure() const {
    if (std::string failed = queue_->failure(); !failed.empty()) return failed;
    const std::shared_lock lock(failure_mutex_);
    return failure_;
  }

  void await_group_in_flight() const override {
    if (!forked()) queue_->await_group();
  }

  bool forked() const { return ::getpid() != opened_by_; }
  static Error forked_away() {
    return {ErrorCode::unavailable,
            "this process was forked after the store was opened; only the process that opened it "
            "may write"};
  }
  static Error not_ours(const AppendRequest& request) {
    Error error = forked_away();
    error.append_id = request.id;
    return error;
  }

  /// A request with all that its caller's thread can do for it. It counts as begun before anything
  /// is looked up, if it can be asked about.
  struct Prepared {
    CommitQueue::Begun begun;
    Result<PreparedAppend> append;
  };
  Prepared prepared_here(AppendRequest request) {
    auto begun = request.id ? queue_->begin(*request.id) : CommitQueue::Begun();
    auto prepared = prepare(std::move(request), options_.limits, hasher_);
    if (prepared) {
      if (auto looked = look_up(*prepared, index_); !looked) {
        Error error = std::move(looked).error();
        error.append_id = prepared->request.id;
        return {std::move(begun), std::move(error)};
      }
    }
    return {std::move(begun), std::move(prepared)};
  }

  CommitQueue::Ran run_group(std::span<Attempt* const> attempts,
                             const CommitQueue::Behind& behind) {
    // Files are found by their paths: another store may have come to be there.
    if (auto ours = lock_->check(); !ours) writer_->end(ours.error());
    const std::size_t taken = writer_->step(attempts);
    std::size_t ahead = 0;
    if (writer_->has_group()) {
      ahead = writer_->step_ahead(behind(taken));
      writer_->synced(writer_->sync());
    }
    if (make_visible(attempts.first(taken))) {
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
    return {taken, ahead};
  }

  /// Publishes what of a group has been written; false: nothing has.
  bool make_visible(std::span<Attempt* const> attempts) {
    publications_.clear();
    for (const Attempt* attempt : attempts) {
      if (!attempt->outcome || !attempt->outcome->has_value() || attempt->entry.count == 0)
        continue;
      if (publications_.empty()) begin_part_of(attempt->segment);
      publications_.push_back({.entry = attempt->entry,
                               .offset = static_cast<std::uint32_t>(attempt->entry.address),
                               .check = attempt->check,
                               .records = attempt->append.keys});
    }
    if (publications_.empty()) return false;
    index_.add(publications_);
    appends_ += publications_.size();
    return true;
  }

  /// The writer may have rolled over to this segment.
  void begin_part_of(std::uint64_t segment) {
    const std::uint64_t number = index_.newest().number();
    if (segment == number) return;
    auto complete = index_.begin_part(segment);
    if (complete == nullptr) return;
    for (const ManifestSegment& listed : writer_->manifest().segments) {
      if (listed.number == number) sealer_->add({listed, std::move(complete)});
    }
  }

  Timestamp begin_active(std::uint64_t number) {
    const auto last = index_.last_append();
    index_.begin_part(number);
    return last ? last->recorded_at : Timestamp::min();
  }

  /// Writes a segment's index beside it, and uses that from then on. If that fails it stays in
  /// memory, and the next opening tries again.
  void seal(const Sealer::Job& job) {
    auto sealed = [&]() -> Result<void> {
      try {
        return write_index(job);
      } catch (const std::exception& error) {  // Memory may be short.
        return Error{ErrorCode::unavailable,
                     std::string("an index cannot be written: ") + error.what()};
      }
    }();
    if (!packer_) return;
    if (sealed) {
      packer_->add(job.segment);
    } else {
      packer_->cannot_begin(sealed.error());
    }
  }
  Result<void> write_index(const Sealer::Job& job) {
    if (auto ours = lock_->check(); !ours) return ours;
    auto written = IndexFile::write(*options_.files, options_.path, store_,
                                    IndexFile::segment_of(job.segment), *job.part);
    if (!written) return written;
    auto file = open_index(job.segment);
    if (file && *file) index_.replace_part(*std::move(file));
    return {};
  }

  /// Puts a packed file in a segment's place. If that fails the segment stays as it is, and the
  /// next opening tries again.
  Result<void> pack(const ManifestSegment& listed, const PackingProgress& progress) {
    const auto original = segments_.at(listed.number);
    if (original->packed) return {};
    if (auto ours = lock_->check(); !ours) return ours;
    auto packed = pack_segment(*options_.files, options_.path, store_, listed, *original,
                               segments_.cache(), progress);
    if (!packed) return std::move(packed).error();
    packed->bug = bug_;
    if (auto ours = lock_->check(); !ours) return ours;
    segments_.replace(*std::move(packed));
    return remove_original(*options_.files, options_.path, listed.number);
  }

  /// Finds out where every stream ends, from a table that is kept for that.
  Result<void> open_heads(PlantedBug bug) {
    const HeadsFile::Trust trust{
        .store = store_,
        .era = present_era(),
        .boot = options_.files->boot_id(options_.path),
        .head = index_.head(),
        .link_at = [this](GlobalPosition position) { return link_at(position); },
        .everything = bug == PlantedBug::trust_any_heads,
        .copies = bug == PlantedBug::trust_copied_heads};
    for (const bool again : {false, true}) {
      if (again) {
        // Either the table is wrong or the log is.
        auto removed = options_.files->remove(options_.path + '/' + format::heads_name);
        if (!removed) return removed;
      }
      auto heads = HeadsFile::open(*options_.files, options_.path, trust);
      heads_ = heads.get();
      repaired_heads_ = heads->applied() < index_.head();
      index_.use_heads(std::move(heads));
      auto follows = index_.catch_up_heads();
      if (!follows) return std::move(follows).error();
      if (*follows || bug == PlantedBug::trust_any_heads) return {};
    }
    return Error{.code = ErrorCode::corrupt,
                 .message = options_.path + ": a stream in " +
                            format::segment_name(index_.newest().number()) +
                            " does not go on where it ended in the segments before"};
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
  HeadsFile* heads_ = nullptr;  // The index's.
  bool repaired_heads_ = false;
  std::optional<LogWriter> writer_;  // Used by the leader only, as are these:
  std::vector<Publication> publications_;
  std::unique_ptr<Packer> packer_;  // Null: nothing is packed.
  std::unique_ptr<Sealer> sealer_;
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
  if (!options.clock || !options.files) return refuse("LogOptions without a clock or a disk");
  return check_engine_options("LogOptions", options.limits, options.max_clock_skew,
                              options.identity);
}

}  // namespace

Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options, PlantedBug bug,
                                                         bool seal_at_once,
                                                         const std::optional<StoreId>& new_store) {
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
  } else {
    // Before the lock: its file is not left in a folder that is no store.
    const auto found = read_manifest(*options.files, options.path);
    if (!found) return found.error();
    if (!*found) return no_store(options.path);
  }
  auto lock = options.files->lock(options.path + '/' + format::lock_name);
  if (!lock) return std::move(lock).error();
  auto manifest = manifest_for_writing(options, new_store);
  if (!manifest) return std::move(manifest).error();
  if (auto ours = check_identity(options, *manifest); !ours) return std::move(ours).error();
  auto store = std::make_unique<LogEventStore>(options, *manifest, std::move(*lock));
  if (auto opened = store->open(*manifest, bug, seal_at_once); !opened)
    return std::move(opened).error();
  return std::unique_ptr<EventStore>(std::move(store));
}

}  // namespace internal

Result<std::unique_ptr<EventStore>> open_log_event_store(LogOptions options) {
  return internal::open_log_event_store(std::move(options), internal::PlantedBug::none, false);
}

}  // namespace annals
