#include "read_only_log.hpp"

#include <algorithm>
#include <limits>
#include <thread>

#include <annals/eventstore/content_hash.hpp>

#include "log_format.hpp"
#include "log_reading.hpp"
#include "recovery.hpp"

namespace annals::internal {
namespace {

/// How often a waiting subscription looks at the mark.
constexpr std::chrono::milliseconds look_interval{2};

class ReadOnlyLog final : public LogReading {
 public:
  ReadOnlyLog(const LogOptions& options, const Manifest& manifest)
      : LogReading(options, manifest),
        boot_(boot_of(*options.files, options.path)),
        chain_(Head{{manifest.segments.front().first.value - 1},
                    manifest.segments.front().link_before}) {}

  Result<void> open(Manifest manifest) {
    snapshots_ = SnapshotFile::open(options_, store_, false);
    const std::scoped_lock lock(refresh_mutex_);
    if (auto loaded = load(manifest); !loaded) return loaded;
    auto mark = read_mark();
    // A writer may be in the middle of the other slot; damage stays.
    for (int again = 0; again < 3 && mark && *mark && (*mark)->doubtful; ++again) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      mark = read_mark();
    }
    if (!mark) return std::move(mark).error();
    if (*mark) sequence_at_open_ = (*mark)->sequence;
    if (*mark && (*mark)->is_exact(boot_)) {
      if (auto caught_up = catch_up(**mark); !caught_up) return caught_up;
      return check_era_has_begun(options_, manifest, chain_.head().position);
    }
    // Nobody has written since the machine was started, or how far is not known: all that is whole
    // can be shown, but a writer that opens the store may still find that some of it is not
    // durable.
    const auto active = segments_.at(manifest.segments.back().number);
    const std::uint64_t before = chain_.head().position.value;
    const auto mark_file = MarkFile::open(*options_.files, options_.path, false);
    if (!mark_file) return mark_file.error();
    const auto history = history_of(manifest, *mark, *mark_file, *options_.files, options_.path);
    if (!history) return history.error();
    const auto tail =
        scan_active(active->bytes(store_), *mark, *history, chain_, false, publishing());
    if (!tail) return tail.error();
    offset_ = tail->valid_end;
    const std::uint64_t known = std::max(before, *mark ? (*mark)->position.value : 0);
    unsettled_ = std::max(known, chain_.head().position.value) - known;
    torn_bytes_ = tail->dirty_end - tail->valid_end;
    missing_from_copy_ = tail->missing_from_copy;
    mark_lost_ = !*mark;
    return check_era_has_begun(options_, manifest, chain_.head().position);
  }

  Result<Receipt> append(AppendRequest request) override {
    Error error = read_only();
    error.append_id = request.id;
    return error;
  }
  void append_async(AppendRequest request, AppendCompletion completion) override {
    completion(append(std::move(request)));
  }
  Result<void> save_snapshot(Snapshot) override { return read_only(); }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    auto found = find_visible(id);
    if (!found) return std::move(found).error();
    if (*found) return std::optional<Receipt>(std::move((*found)->receipt));
    return Error{
        .code = ErrorCode::unavailable,
        .message = "append " + to_string(id) +
                   " is not durable now, and a store opened "
                   "read-only cannot know whether its writer is still at it: ask the writer",
        .append_id = id};
  }

  Result<std::unique_ptr<Cursor>> read(ReadOptions options) const override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    return LogReading::read(std::move(options));
  }
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    return LogReading::subscribe(std::move(options));
  }
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    return LogReading::resume(checkpoint);
  }
  Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    return LogReading::stream_version(stream);
  }
  Result<Link> link_at(GlobalPosition position) const override {
    if (auto fresh = refresh_beyond(position); !fresh) return std::move(fresh).error();
    return LogReading::link_at(position);
  }
  Result<RecordedAppend> append_holding(GlobalPosition position) const override {
    if (auto fresh = refresh_beyond(position); !fresh) return std::move(fresh).error();
    return LogReading::append_holding(position);
  }
  Result<std::vector<RecordedAppend>> appends_holding(GlobalPosition first,
                                                      GlobalPosition last) const override {
    if (auto fresh = refresh_beyond(last); !fresh) return std::move(fresh).error();
    return LogReading::appends_holding(first, last);
  }
  Result<VerifyReport> verify(const VerifyOptions& options) const override {
    if (auto fresh = refresh(); !fresh) return std::move(fresh).error();
    return LogReading::verify(options);
  }
  // These cannot fail: damage shows at the next read.
  Head head() const override {
    (void)refresh();
    return LogReading::head();
  }
  Token token() const override {
    (void)refresh();
    return LogReading::token();
  }

  Result<void> wait_beyond(GlobalPosition position, std::chrono::steady_clock::time_point until,
                           const std::function<bool()>& stopped) const override {
    while (!stopped()) {
      if (auto fresh = refresh(); !fresh) return fresh;
      const auto now = std::chrono::steady_clock::now();
      if (LogReading::head().position > position || now >= until) return {};
      auto waited =
          LogReading::wait_beyond(position, std::min(until, now + look_interval), stopped);
      if (!waited) return waited;
    }
    return {};
  }

  Stats stats() const override {
    (void)refresh();
    Stats stats = LogReading::stats();
    const std::scoped_lock lock(refresh_mutex_);
    stats.unsettled_events = unsettled_;
    stats.torn_bytes_cut = torn_bytes_;
    stats.missing_from_copy = missing_from_copy_;
    stats.mark_lost = mark_lost_;
    stats.bytes = sealed_bytes_ + offset_;
    if (const auto manifest = read_manifest(*options_.files, options_.path)) {
      // What the writer asked for, if there is one.
      const bool unsynced = *manifest && ((*manifest)->compatible & format::answered_unsynced) != 0;
      stats.durability = name_of(unsynced ? Durability::survives_process_only : Durability::synced);
    }
    return stats;
  }

 private:
  static Error read_only() {
    return {ErrorCode::invalid_argument, "this store was opened read-only"};
  }

  OnAppend publishing() const {
    return [this](const SegmentBytes& segment, const AppendView& append) {
      return const_cast<ReadOnlyLog*>(this)->publish_found(segment, append);
    };
  }

  Result<std::optional<Mark>> read_mark() const {
    const auto file = MarkFile::open(*options_.files, options_.path, false);
    if (!file) return file.error();
    std::string identity = file->identity();
    if (!mark_identity_.empty() && identity != mark_identity_) {
      return another_folder();
    }
    if (!identity.empty()) mark_identity_ = std::move(identity);
    auto mark = file->read(store_, open_number_);
    // The number of a file that was removed may be given to the one in its place.
    if (mark && *mark && !(*mark)->doubtful) {
      const bool later =
          !era_seen_ || ((*mark)->era == *era_seen_ && (*mark)->sequence >= sequence_seen_);
      if (!later) return another_folder();
      era_seen_ = (*mark)->era;
      sequence_seen_ = (*mark)->sequence;
    }
    return mark;
  }
  Error another_folder() const {
    return {ErrorCode::unavailable,
            options_.path +
                " is another folder than the one that was opened, or its mark is gone or was "
                "made anew: open it again, and go on from a checkpoint, which says whether "
                "the history is the same"};
  }

  /// Opens the segments that are new. Those that are sealed by now bring an index; of the one that
  /// was read as it grew, the rest is read.
  /// `manifest` may be read again.
  Result<void> load(Manifest& manifest) const {
    auto* self = const_cast<ReadOnlyLog*>(this);
    // The last one first: once it is open, it stays readable whatever a writer does.
    std::optional<Segment> active;
    if (is_new(manifest.segments.back())) {
      auto opened = open_active(*options_.files, options_.path, manifest);
      if (!opened) return std::move(opened).error();
      active = *std::move(opened);
    }
    for (const ManifestSegment& listed : manifest.segments) {
      if (listed.number < open_number_ || (listed.number == open_number_ && open_is_complete_)) {
        continue;
      }
      const bool fresh = is_new(listed);
      if (fresh) {
        auto segment = listed.sealed ? open_segment(*options_.files, options_.path, store_, listed,
                                                    false, segments_.cache())
                                     : Result<Segment>(*std::move(active));
        if (!segment) return std::move(segment).error();
        if (listed.sealed) segment->file.reset();
        self->segments_.add(std::move(*segment));
      }
      if (!listed.sealed) {
        if (!fresh) continue;
        self->index_.begin_part(listed.number);
        open_number_ = listed.number;
        open_is_complete_ = false;
        offset_ = format::segment_header_bytes;
        continue;
      }
      if (fresh) {
        const bool newest = listed.number + 1 == manifest.segments.back().number;
        if (auto added = self->add_sealed(listed, newest); !added) return std::move(added).error();
        chain_ = Chain(Head{listed.last, listed.link_after});
        if (newest && index_.last_append()) {
          chain_ = Chain(Head{listed.last, listed.link_after}, index_.last_append()->recorded_at);
        }
      } else {
        if (auto rest = read_to_the_end(listed); !rest) return rest;
        self->segments_.close_file(listed.number);
        if (self->index_.begin_part(listed.number + 1)) unindexed_.push_back(listed);
      }
      // Only now: what has failed is tried again at the next look.
      open_number_ = listed.number;
      open_is_complete_ = true;
      offset_ = listed.end;
      sealed_bytes_ += listed.end;
    }
    use_indexes();
    use_packed(manifest);
    return {};
  }

  bool is_new(const ManifestSegment& listed) const { return listed.number > open_number_; }

  /// A segment that the writer has packed is let go, so that its file's room can be used again.
  void use_packed(const Manifest& manifest) const {
    if ((manifest.incompatible & format::packed_segments) == 0) return;
    for (const ManifestSegment& listed : manifest.segments) {
      if (!listed.sealed || segments_.at(listed.number)->packed) continue;
      const std::string name = options_.path + '/' + format::segment_name(listed.number);
      const auto there = options_.files->exists(name);
      if (!there || *there) continue;
      auto packed = open_packed(*options_.files, options_.path, store_, listed, segments_.cache());
      if (packed) const_cast<ReadOnlyLog*>(this)->segments_.replace(*std::move(packed));
    }
  }

  /// What was indexed here as it grew is let go once the writer has written its index.
  void use_indexes() const {
    std::erase_if(unindexed_, [this](const ManifestSegment& listed) {
      auto file = open_index(listed);
      if (!file || *file == nullptr) return false;
      const_cast<ReadOnlyLog*>(this)->index_.replace_part(*std::move(file));
      return true;
    });
  }

  Result<void> read_to_the_end(const ManifestSegment& listed) const {
    const SegmentBytes bytes = segments_.at(listed.number)->bytes(store_);
    auto end = scan_frames(bytes, offset_, listed.end, chain_, false, publishing());
    if (!end) return std::move(end).error();
    if (end->offset != listed.end || chain_.head() != Head{listed.last, listed.link_after}) {
      return Error{.code = ErrorCode::corrupt,
                   .message = bytes.file + " at byte " + std::to_string(end->offset) +
                              ": it does not hold what the MANIFEST says",
                   .place = Error::Place{bytes.file, end->offset}};
    }
    return {};
  }

  /// Reads up to `mark`.
  Result<void> catch_up(const Mark& mark) const {
    if (mark.position <= chain_.head().position) return {};
    if (mark.segment != open_number_) {
      auto manifest = read_manifest(*options_.files, options_.path);
      if (!manifest) return std::move(manifest).error();
      if (!*manifest) return no_store(options_.path);
      if (auto loaded = load(**manifest); !loaded) return loaded;
      if (mark.segment > open_number_) return old_manifest(mark, options_.path);
      // The writer may have rolled over once more: the next look catches up.
      if (mark.segment < open_number_) return {};
    }
    const SegmentBytes bytes = segments_.at(open_number_)->bytes(store_);
    auto end = scan_frames(bytes, offset_, mark.offset, chain_, false, publishing());
    if (!end) return std::move(end).error();
    offset_ = end->offset;
    if (end->offset != mark.offset) {
      return Error{.code = ErrorCode::corrupt,
                   .message = bytes.file + " at byte " + std::to_string(end->offset) +
                              ": events are missing here, although all up to position " +
                              to_string(mark.position) + " was durable",
                   .place = Error::Place{bytes.file, end->offset}};
    }
    return {};
  }

  /// Looks for what a writer has added.
  Result<void> refresh() const {
    const std::scoped_lock lock(refresh_mutex_);
    auto mark = read_mark();
    if (!mark) return std::move(mark).error();
    if (!*mark) return {};
    // From before the machine was started, or of the folder that this one was copied from, it says
    // nothing of now; but whoever writes moves it, where the machine may be known by another name.
    const bool of_another = (*mark)->boot != boot_ || (*mark)->copied;
    if (of_another && (*mark)->sequence <= sequence_at_open_) return {};
    const GlobalPosition before = chain_.head().position;
    auto caught_up = catch_up(**mark);
    if (caught_up && (*mark)->position >= before) unsettled_ = 0;
    if (chain_.head().position > before) wake();
    return caught_up;
  }

  /// The same, unless all up to the position is known: that does not change, and who asks for one
  /// append after the other would read the mark for each of them.
  Result<void> refresh_beyond(GlobalPosition position) const {
    if (position <= LogReading::head().position) return {};
    return refresh();
  }

  const std::array<std::uint8_t, 16> boot_;
  // Refreshing is no change that a reader could see, other than that there is more to see.
  mutable std::mutex refresh_mutex_;
  mutable Chain chain_;                  // This and all below: guarded by refresh_mutex_.
  mutable std::string mark_identity_;    // Empty: it was not seen.
  mutable std::optional<Era> era_seen_;  // Of the mark, as is sequence_seen_; absent: none yet.
  mutable std::uint64_t sequence_seen_ = 0;
  mutable std::uint64_t sequence_at_open_ = 0;
  mutable std::uint64_t open_number_ = 0;           // The last segment that is open.
  mutable bool open_is_complete_ = false;           // And it will not grow.
  mutable std::uint64_t offset_ = 0;                // Behind the last frame read in it.
  mutable std::vector<ManifestSegment> unindexed_;  // Complete, and in memory all the same.
  mutable std::uint64_t sealed_bytes_ = 0;
  mutable std::uint64_t unsettled_ = 0;
  mutable std::uint64_t torn_bytes_ = 0;
  std::uint64_t missing_from_copy_ = 0;
  bool mark_lost_ = false;
};

}  // namespace

Result<std::unique_ptr<EventStore>> open_read_only_log(const LogOptions& options) {
  auto manifest = read_manifest(*options.files, options.path);
  if (!manifest) return std::move(manifest).error();
  if (!*manifest) return no_store(options.path);
  auto store = std::make_unique<ReadOnlyLog>(options, **manifest);
  if (auto opened = store->open(**manifest); !opened) return std::move(opened).error();
  return std::unique_ptr<EventStore>(std::move(store));
}

}  // namespace annals::internal
