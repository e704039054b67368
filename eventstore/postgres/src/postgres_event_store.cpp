#include <algorithm>
#include <mutex>
#include <utility>

#include <annals/eventstore/postgres_event_store.hpp>

#include "appender.hpp"
#include "commit_queue.hpp"
#include "engine_options.hpp"
#include "eras.hpp"
#include "head_watch.hpp"
#include "live_subscription.hpp"
#include "paged_cursor.hpp"
#include "schema.hpp"
#include "snapshot_table.hpp"
#include "sql_error_text.hpp"
#include "verify_tables.hpp"

namespace annals {
namespace internal {
namespace {

// A call costs about as much as the work of some 30 appends: one for all callers is worth waiting
// for half as long as the last one took.
constexpr double wait_share = 0.5;

/// LogReader reads, Appender writes, CommitQueue decides who runs it, HeadWatch wakes those who
/// wait.
class PostgresEventStore final : public EventStore {
 public:
  PostgresEventStore(PostgresOptions options, SchemaName schema, StoreIdentity identity,
                     std::string durability)
      : options_(std::move(options)),
        durability_(std::move(durability)),
        hasher_(identity.store),
        reader_(options_, std::move(schema), identity.store, std::move(identity.eras)),
        watch_(options_, reader_),
        snapshots_(reader_),
        appender_(options_, reader_) {
    appender_.on_written = [this](const Head& head) {
      remember(head);
      watch_.appended(head.position);
    };
    queue_.emplace(
        [this](std::span<Attempt* const> attempts, const CommitQueue::Behind& behind) {
          return appender_.run_group(attempts, behind);
        },
        options_.in_flight_bytes_max, wait_share);
  }

  ~PostgresEventStore() override {
    queue_->drain();  // Completions may still append, so the queue must be there.
    queue_.reset();
  }

  /// What opening has found, so that nothing is told that is older.
  void begin_at(const Head& head, std::uint64_t attempt_number) {
    remember(head);
    watch_.saw(head.position);
    appender_.saw_attempt(attempt_number);
  }

  postgres::SqlDone forget_given_up(postgres::Connection& connection) {
    return appender_.forget_given_up(connection);
  }

  Result<Receipt> append(AppendRequest request) override {
    auto prepared = prepared_here(std::move(request));
    if (!prepared.append) return std::move(prepared.append).error();
    return queue_->run(std::move(*prepared.append));
  }

  void append_async(AppendRequest request, AppendCompletion completion) override {
    auto prepared = prepared_here(std::move(request));
    if (!prepared.append) {
      queue_->complete_async(std::move(prepared.append).error(), std::move(completion));
      return;
    }
    queue_->run_async(std::move(prepared.begun), std::move(*prepared.append),
                      std::move(completion));
  }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    auto found = reader_.find(std::span(&id, 1));
    if (!found) return std::move(found).error();
    if (!found->empty()) return repeated(std::move(found->front().receipt));
    queue_->await_attempts(id);
    if (options_.access == PostgresOptions::Access::read_only) {
      return Error{.code = ErrorCode::unavailable,
                   .message = "append " + to_string(id) +
                              " is not recorded, but a store opened to read cannot make sure that "
                              "it never will be",
                   .append_id = id};
    }
    // Attempts of other processes, or of sessions that were lost, may still be on their way.
    auto settled = reader_.with_session([&](postgres::Connection& connection) {
      return appender_.give_up(connection, std::span(&id, 1));
    });
    if (!settled) {
      Error error = store_error(settled.error(), "looking for an append", true);
      error.append_id = id;
      return error;
    }
    if (settled->empty()) return std::optional<Receipt>();
    return repeated(std::move(settled->front().receipt));
  }

  Result<std::unique_ptr<Cursor>> read(ReadOptions options) const override {
    const auto cut = resolve(options.as_of);
    if (!cut) return cut.error();
    return make_paged_cursor(reader_, std::move(options), *cut);
  }

  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    Checkpoint after{{reader_.store(), present_era(), GlobalPosition{0}},
                     first_link(reader_.store())};
    if (options.after) {
      auto resumed = resume(*options.after);
      if (!resumed) return std::move(resumed).error();
      after = *std::move(resumed);
    }
    return make_live_subscription(reader_, watch_, std::move(options), std::move(after));
  }

  Result<Head> head_now() const {
    const auto end = reader_.end();
    if (!end) return end.error();
    return end->head;
  }

  Head head() const override {
    if (const auto end = reader_.end()) remember(end->head);
    const std::lock_guard lock(head_mutex_);
    return head_;
  }

  Token token() const override { return {reader_.store(), present_era(), head().position}; }

  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    return moved_to_present_era(checkpoint, reader_.store(), reader_.eras(),
                                [this](GlobalPosition position) { return link_at(position); });
  }

  Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const override {
    return reader_.last_version(stream);
  }

  Result<Link> link_at(GlobalPosition position) const override {
    if (position.value == 0) return first_link(reader_.store());
    const auto append = append_holding(position);
    if (!append) return append.error();
    return append->link;
  }

  Result<RecordedAppend> append_holding(GlobalPosition position) const override {
    const auto appends = appends_holding(position, position);
    if (!appends) return appends.error();
    return appends->front();
  }

  Result<std::vector<RecordedAppend>> appends_holding(GlobalPosition first,
                                                      GlobalPosition last) const override {
    if (last < first) return std::vector<RecordedAppend>();
    if (first.value == 0) return before_first_event();
    auto appends = reader_.holding(first, last);
    if (!appends) return std::move(appends).error();
    GlobalPosition next = first;  // That no append so far holds.
    for (const RecordedAppend& append : *appends) {
      if (append.first > next || append.last() < next) break;
      next = {append.last().value + 1};
    }
    if (next > last) return appends;
    const auto end = reader_.end();
    if (!end) return end.error();
    if (last > end->head.position) return beyond_head(last, end->head.position);
    return Error{.code = ErrorCode::corrupt,
                 .message = "no append holds position " + to_string(next)};
  }

  Result<void> save_snapshot(Snapshot snapshot) override {
    if (auto writable = may_write(); !writable) return writable;
    return snapshots_.save(snapshot);
  }

  Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                std::uint64_t fingerprint) const override {
    return snapshots_.load(stream, at, fingerprint);
  }

  Result<VerifyReport> verify(const VerifyOptions& options) const override {
    return verify_tables(reader_, options);
  }

  Stats stats() const override {
    Stats stats;
    stats.engine = "postgres";
    stats.durability = durability_;
    stats.store = reader_.store();
    stats.eras.assign(reader_.eras().begin(), reader_.eras().end());
    if (const auto end = reader_.end()) {
      stats.head = end->head;
      stats.last_recorded_at = end->recorded_at.value_or(Timestamp{});
      stats.streams = end->streams;
      stats.appends = end->appends;
      stats.bytes = end->bytes;
    } else {
      stats.failure = end.error().message;
    }
    stats.groups_synced = appender_.counters.groups;
    stats.appends_synced = appender_.counters.appends;
    stats.appends_repeated = appender_.counters.repeated;
    stats.appends_refused = appender_.counters.refused;
    stats.snapshots_saved = snapshots_.saved();
    stats.snapshot_hits = snapshots_.hits();
    return stats;
  }

  Limits limits() const override { return options_.limits; }

 private:
  Era present_era() const { return reader_.eras().back().era; }

  static Result<std::optional<Receipt>> repeated(Receipt receipt) {
    receipt.repeated = true;
    return std::optional(std::move(receipt));
  }

  Result<void> may_write() const {
    if (options_.access != PostgresOptions::Access::read_only) return {};
    return Error{ErrorCode::unavailable, "this store is opened to read"};
  }

  struct Prepared {
    CommitQueue::Begun begun;
    Result<PreparedAppend> append;
  };
  Prepared prepared_here(AppendRequest request) {
    if (auto writable = may_write(); !writable) {
      Error error = std::move(writable).error();
      error.append_id = request.id;
      return {{}, std::move(error)};
    }
    auto begun = request.id ? queue_->begin(*request.id) : CommitQueue::Begun();
    const std::uint64_t attempt_number = appender_.attempt_now();
    auto prepared = prepare(std::move(request), options_.limits, hasher_);
    if (prepared) prepared->begun = attempt_number;
    return {std::move(begun), std::move(prepared)};
  }

  Result<Cut> resolve(const AsOf& as_of) const {
    if (const auto* time = std::get_if<Timestamp>(&as_of.when())) {
      Cut cut;
      for (const bool awaited : {false, true}) {
        if (awaited) {
          // What is being appended now may get the same time.
          if (auto waited = reader_.await_appends(); !waited) return std::move(waited).error();
        }
        const auto end = reader_.end();
        if (!end) return end.error();
        const auto position = reader_.last_at(*time);
        if (!position) return position.error();
        cut.position = *position;
        cut.open = *position >= end->head.position;
        if (!cut.open) break;
      }
      return cut;
    }
    const auto end = reader_.end();
    if (!end) return end.error();
    const GlobalPosition head = end->head.position;
    const auto* position = std::get_if<GlobalPosition>(&as_of.when());
    if (position == nullptr) return Cut{.position = head, .open = true};
    if (*position > head) return beyond_head(*position, head);
    Cut cut{.position = *position};
    if (position->value > 0 && *position < head) {
      const auto append = reader_.holding(*position);
      if (!append) return append.error();
      cut.inside_append = *append && (*append)->last() != *position;
    }
    return cut;
  }

  void remember(const Head& head) const {
    const std::lock_guard lock(head_mutex_);
    if (head.position > head_.position || head_.position.value == 0) head_ = head;
  }

  const PostgresOptions options_;
  const std::string durability_;
  const KeyHasher hasher_;
  const LogReader reader_;
  mutable HeadWatch watch_;
  SnapshotTable snapshots_;
  Appender appender_;
  mutable std::mutex head_mutex_;
  mutable Head
      head_;  // As last seen: what is told while the server is away. Guarded by head_mutex_.
  std::optional<CommitQueue> queue_;
};

Result<void> check_options(const PostgresOptions& options) {
  if (options.poll_interval < std::chrono::milliseconds(1)) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "PostgresOptions::poll_interval: at least a millisecond"};
  }
  return check_engine_options("PostgresOptions", options.limits, options.max_clock_skew,
                              options.identity);
}

Result<std::unique_ptr<postgres::Connection>> connect(const PostgresOptions& options) {
  auto opened = postgres::Connection::open_within(connection_options(options), options.patience);
  if (opened) return *std::move(opened);
  const std::string place = postgres::without_password(options.url);
  // Of a URL that cannot be read the place is all there is to say.
  if (opened.error().message == place) {
    return Error{ErrorCode::invalid_argument, "opening the store in " + place};
  }
  return store_error(opened.error(), "opening the store in " + place, true);
}

// What an answered append is good for on this server.
Result<std::string> durability_of(postgres::Connection& connection) {
  const auto rows = connection.run(
      "SELECT current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on'");
  if (!rows) return store_error(rows.error(), "looking at the server's settings", true);
  if (!rows->boolean(0, 0)) return std::string("not synced: the server runs with fsync off");
  if (!rows->boolean(0, 1)) {
    return std::string("not synced: the server runs with full_page_writes off");
  }
  return std::string("synced");
}

std::string ends_too_early(const PostgresOptions& options, const EraBegin& era,
                           GlobalPosition head) {
  return "schema " + options.schema + ": era " + std::to_string(era.era.value) +
         " began after position " + to_string(era.begins_after) + ", but the store ends at " +
         to_string(head) + ": events are missing, or an exact import has not come to its end";
}

Result<void> check_identity(const PostgresOptions& options, const FoundSchema& found,
                            const Head& head) {
  const auto& eras = found.identity.eras;
  if (options.identity) {
    if (options.identity->store == found.identity.store && options.identity->eras == eras) {
      return {};
    }
    return Error{ErrorCode::invalid_argument,
                 "schema " + options.schema + " is another store (" +
                     to_string(found.identity.store) + ") than the one asked for (" +
                     to_string(options.identity->store) + "), or of other eras"};
  }
  if (eras.back().begins_after <= head.position) return {};
  return Error{ErrorCode::corrupt, ends_too_early(options, eras.back(), head.position)};
}

// "There is no store here", or one of an older version.
Error not_there(const PostgresOptions& options, const FoundSchema& found) {
  return {ErrorCode::unavailable,
          (found.version == 0 ? "there is no store in schema "
                              : "the store is of an older version in schema ") +
              options.schema + " of " + postgres::without_password(options.url) +
              ": run: annals migrate 'URL" +
              (options.schema == PostgresOptions().schema ? "" : "#" + options.schema) +
              (found.version == 0 ? "', as a role with CREATE on the database"
                                  : "', as the role that owns its tables")};
}

}  // namespace
}  // namespace internal

Result<VerifyReport> verify_postgres_event_store(const PostgresOptions& options,
                                                 const VerifyOptions& verify) {
  if (auto checked = internal::check_options(options); !checked) return std::move(checked).error();
  const auto schema = internal::SchemaName::of(options.schema);
  if (!schema) return schema.error();
  auto connection = internal::connect(options);
  if (!connection) return std::move(connection).error();
  const auto found = internal::look_at_schema(**connection, *schema);
  if (!found) return found.error();
  if (found->version < internal::schema_version) return internal::not_there(options, *found);
  const internal::LogReader reader(options, *schema, found->identity.store, found->identity.eras);
  auto report = internal::verify_tables(reader, verify);
  if (!report || report->outcome == VerifyReport::Outcome::changed) return report;
  const auto end = reader.end();
  if (!end) return end.error();
  const GlobalPosition head = end->head.position;
  const EraBegin& era = found->identity.eras.back();
  if (era.begins_after > head) {
    report->outcome = VerifyReport::Outcome::changed;
    report->first_bad = VerifyReport::Bad{
        internal::ends_too_early(options, era, head), {head.value + 1}, era.begins_after, {}};
  }
  return report;
}

Result<PostgresMigration> migrate_postgres_event_store(const PostgresOptions& options) {
  if (auto checked = internal::check_options(options); !checked) return std::move(checked).error();
  const auto schema = internal::SchemaName::of(options.schema);
  if (!schema) return schema.error();
  auto connection = internal::connect(options);
  if (!connection) return std::move(connection).error();
  return internal::migrate_schema(**connection, *schema, options.identity);
}

Result<std::unique_ptr<EventStore>> open_postgres_event_store(PostgresOptions options) {
  using Access = PostgresOptions::Access;
  if (auto checked = internal::check_options(options); !checked) return std::move(checked).error();
  const auto schema = internal::SchemaName::of(options.schema);
  if (!schema) return schema.error();
  auto connection = internal::connect(options);
  if (!connection) return std::move(connection).error();
  auto found = internal::look_at_schema(**connection, *schema);
  if (!found) return std::move(found).error();
  if (found->version < internal::schema_version) {
    if (options.access != Access::create) return internal::not_there(options, *found);
    auto made = internal::migrate_schema(**connection, *schema, options.identity);
    if (!made) return std::move(made).error();
    found = internal::look_at_schema(**connection, *schema);
    if (!found) return std::move(found).error();
  }
  auto durability = internal::durability_of(**connection);
  if (!durability) return std::move(durability).error();

  auto store = std::make_unique<internal::PostgresEventStore>(options, *schema, found->identity,
                                                              *std::move(durability));
  const auto numbers =
      (*connection)->run(schema->in("SELECT s.last_value FROM @schema.attempts s"));
  if (!numbers) return internal::store_error(numbers.error(), "opening the store", true);
  auto head = store->head_now();
  if (!head) return std::move(head).error();
  auto ours = internal::check_identity(options, *found, *head);
  if (!ours) return std::move(ours).error();
  if (options.access != Access::read_only) {
    auto forgotten = store->forget_given_up(**connection);
    if (!forgotten) return internal::store_error(forgotten.error(), "opening the store", true);
  }
  store->begin_at(*head, static_cast<std::uint64_t>(numbers->integer(0, 0)));
  return std::unique_ptr<EventStore>(std::move(store));
}

}  // namespace annals
