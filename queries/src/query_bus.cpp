#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include <annals/queries/query_bus.hpp>

#include "cut_cache.hpp"
#include "history.hpp"

namespace annals {

namespace {

using SteadyClock = std::chrono::steady_clock;

std::string name_of(const ProjectionType& projection) {
  return "projection " + std::string(projection.name);
}

/// What a user's function threw must not get past the room's door.
Result<void> read_rows(const std::function<Result<void>(Rows&)>& reader, Rows& rows) {
  std::string what;
  try {
    return reader(rows);
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "an exception that is not a std::exception";
  }
  return Error{.code = ErrorCode::invalid_argument, .message = "the query threw: " + what};
}

}  // namespace

class QueryBus::Impl {
 public:
  Impl(EventStore& events, const ReadModelStore& rows, QueryOptions options)
      : rows_(rows),
        options_(std::move(options)),
        events_(&events),
        cuts_(std::in_place, events, options_),
        history_(std::make_unique<internal::StoreHistory>(events, rows)) {}
  Impl(const ReadModelStore& rows, QueryOptions options)
      : rows_(rows),
        options_(std::move(options)),
        history_(std::make_unique<internal::RowsHistory>(rows)) {}

  Result<Reflects> ask(const QueryType& type, const void* query, const Consistency& consistency,
                       const Reader& reader);

  Token token_at(GlobalPosition position) const { return history_->token_at(position, {}); }

  const ReadModelStore& rows_;
  const QueryOptions options_;
  // Both are there, or neither is.
  EventStore* const events_ = nullptr;
  std::optional<internal::CutCache> cuts_;
  std::vector<QueryInterceptor> interceptors_;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<std::uint64_t> waited_ = 0;
  std::atomic<std::uint64_t> timed_out_ = 0;

 private:
  Result<Reflects> answer(const QueryType& type, const Consistency& consistency,
                          const Reader& reader);
  Result<Reflects> answer_as_of(const QueryType& type, const Consistency& consistency,
                                const Reader& reader);
  /// Waits until all projections have come to `position`; false: the time was over, and a stale
  /// answer will do.
  Result<bool> wait_for(const QueryType& type, GlobalPosition position,
                        const Consistency& consistency, SteadyClock::time_point deadline);
  /// Nothing, and `reader` was not called: the rows do not reflect `wanted` yet. `of`: the history
  /// that is asked about, if any.
  Result<std::optional<Reflects>> read_now(const QueryType& type, GlobalPosition wanted,
                                           const Token& of, const Reader& reader);
  /// Adds the projection's parked keys to `reflects`; of its token, the history is what
  /// History::check says.
  Result<GlobalPosition> position_of(const ProjectionType& projection, ReadTransaction& rows,
                                     Reflects& reflects);

  const std::unique_ptr<internal::History> history_;
};

namespace {

Error needs_the_store(std::string_view what) {
  return {.code = ErrorCode::invalid_argument,
          .message = std::string(what) +
                     " needs the event store, and this query bus has read models only: ask there, "
                     "or with eventual or at_least(token)"};
}

}  // namespace

Result<Reflects> QueryBus::Impl::ask(const QueryType& type, const void* query,
                                     const Consistency& consistency, const Reader& reader) {
  QueryContext context(type, query, consistency);
  Result<Reflects> result = [&]() -> Result<Reflects> {
    for (const QueryInterceptor& interceptor : interceptors_) {
      if (auto allowed = interceptor(context); !allowed) return std::move(allowed).error();
    }
    if (consistency.level() != Consistency::Level::as_of) return answer(type, consistency, reader);
    if (!cuts_) return needs_the_store("an answer as of a cut");
    return answer_as_of(type, consistency, reader);
  }();
  if (result) answered_.fetch_add(1, std::memory_order_relaxed);
  const auto& observers = context.observers();
  for (auto observer = observers.rbegin(); observer != observers.rend(); ++observer) {
    try {
      (*observer)(result);
    } catch (...) {  // Whoever measures must not change the answer.
      continue;
    }
  }
  return result;
}

Result<Reflects> QueryBus::Impl::answer(const QueryType& type, const Consistency& consistency,
                                        const Reader& reader) {
  const auto deadline = deadline_after(consistency.timeout());
  GlobalPosition wanted;
  Token of;
  if (consistency.level() == Consistency::Level::strong) {
    if (events_ == nullptr) return needs_the_store("a strong answer");
    wanted = events_->head().position;
  }
  if (consistency.level() == Consistency::Level::at_least) {
    auto place = history_->place_of(consistency.token(), type);
    if (!place) return std::move(place).error();
    wanted = *place;
    of = consistency.token();
  }
  while (true) {
    bool fresh = true;
    if (consistency.level() != Consistency::Level::eventual) {
      auto waited = wait_for(type, wanted, consistency, deadline);
      if (!waited) return std::move(waited).error();
      fresh = *waited;
    }
    auto reflects = read_now(type, fresh ? wanted : GlobalPosition{}, of, reader);
    if (!reflects) return std::move(reflects).error();
    // Since the wait, a rebuild may have put tables in place that are not as far.
    if (!*reflects) continue;
    (*reflects)->stale = !fresh;
    return **std::move(reflects);
  }
}

Result<bool> QueryBus::Impl::wait_for(const QueryType& type, GlobalPosition position,
                                      const Consistency& consistency,
                                      SteadyClock::time_point deadline) {
  bool waited = false;
  for (const ProjectionType* projection : type.projections) {
    auto record = rows_.wait(projection->name, position, SteadyClock::now());
    if (record && !(*record && (*record)->position() >= position)) {
      waited = true;
      record = rows_.wait(projection->name, position, deadline);
    }
    if (!record) return std::move(record).error();
    const GlobalPosition reached = *record ? (*record)->position() : GlobalPosition{};
    if (*record && reached >= position) continue;
    const std::string where = name_of(*projection) + " is at position " + to_string(reached) +
                              ", not yet at " + to_string(position);
    if (*record && !(*record)->failure.empty()) {
      if (consistency.stale_allowed()) return false;
      return Error{.code = ErrorCode::unavailable,
                   .message = where + ", and has halted: " + (*record)->failure};
    }
    timed_out_.fetch_add(1, std::memory_order_relaxed);
    if (consistency.stale_allowed() && *record) return false;
    const std::string after = " after " + std::to_string(consistency.timeout().count()) + " ms";
    if (!*record) {
      return Error{.code = ErrorCode::timeout,
                   .message = name_of(*projection) + " has not been projected into " +
                              rows_.name() + " yet," + after + ": does a runner project it?"};
    }
    return Error{.code = ErrorCode::timeout,
                 .message = where + after + ((*record)->paused ? ": it is paused" : "")};
  }
  if (waited) waited_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Result<std::optional<Reflects>> QueryBus::Impl::read_now(const QueryType& type,
                                                         GlobalPosition wanted, const Token& of,
                                                         const Reader& reader) {
  auto transaction = rows_.read();
  if (!transaction) return std::move(transaction).error();
  Reflects reflects{.token = of};
  std::optional<GlobalPosition> least;
  for (const ProjectionType* projection : type.projections) {
    auto position = position_of(*projection, **transaction, reflects);
    if (!position) return std::move(position).error();
    least = least ? std::min(*least, *position) : *position;
  }
  reflects.token = history_->token_at(least.value_or(GlobalPosition{}), reflects.token);
  if (reflects.token.position < wanted) return std::optional<Reflects>();
  Rows rows(**transaction, type.projections);
  if (auto read = read_rows(reader, rows); !read) return std::move(read).error();
  return std::optional<Reflects>(reflects);
}

Result<GlobalPosition> QueryBus::Impl::position_of(const ProjectionType& projection,
                                                   ReadTransaction& rows, Reflects& reflects) {
  auto records = rows.records(projection.name);
  if (!records) return std::move(records).error();
  if (records->empty()) {
    return Error{
        .code = ErrorCode::unavailable,
        .message = name_of(projection) + " has not been projected into " + rows_.name() + " yet"};
  }
  const CheckpointRecord& first = records->front();
  if (first.fingerprint != projection.fingerprint()) {
    return Error{.code = ErrorCode::unsupported,
                 .message = name_of(projection) + ": the rows in " + rows_.name() +
                            " were made by definition version " + std::to_string(first.version) +
                            ", the program has version " + std::to_string(projection.version) +
                            (first.version == projection.version ? " with other tables" : "") +
                            ": rebuild the projection"};
  }
  auto belong = history_->check(projection, *records, reflects.token);
  if (!belong) return std::move(belong).error();
  // A reader's place is that of the partition which is furthest behind.
  const CheckpointRecord whole = *whole_of(*records);
  reflects.parked_keys += whole.parked_keys;
  return whole.position();
}

Result<Reflects> QueryBus::Impl::answer_as_of(const QueryType& type, const Consistency& consistency,
                                              const Reader& reader) {
  auto folded = cuts_->get(type, consistency);
  if (!folded) return std::move(folded).error();
  const std::lock_guard reading((*folded)->reading);
  auto transaction = (*folded)->rows->read();
  if (!transaction) return std::move(transaction).error();
  Rows rows(**transaction, type.projections);
  if (auto read = read_rows(reader, rows); !read) return std::move(read).error();
  Reflects reflects{.token = token_at((*folded)->cut.position), .open = (*folded)->cut.open};
  for (const ProjectionType* projection : type.projections) {
    auto records = (*transaction)->records(projection->name);
    if (!records) return std::move(records).error();
    if (auto whole = whole_of(*records)) reflects.parked_keys += whole->parked_keys;
  }
  return reflects;
}

QueryBus::QueryBus(EventStore& events, const ReadModelStore& rows, QueryOptions options)
    : impl_(std::make_unique<Impl>(events, rows, std::move(options))),
      loader_(std::make_shared<StateLoader>(events, impl_->options_.loader)) {}
QueryBus::QueryBus(const ReadModelStore& rows, QueryOptions options)
    : impl_(std::make_unique<Impl>(rows, std::move(options))) {}
QueryBus::~QueryBus() = default;

QueryBus& QueryBus::intercept(QueryInterceptor interceptor) {
  impl_->interceptors_.push_back(std::move(interceptor));
  return *this;
}

Result<Reflects> QueryBus::ask_any(const QueryType& type, const void* query,
                                   const Consistency& consistency, const Reader& reader) {
  return impl_->ask(type, query, consistency, reader);
}

Result<void> QueryBus::check_load(const Consistency& consistency) const {
  if (impl_->events_ == nullptr) return needs_the_store("loading an aggregate");
  if (consistency.known_at() || consistency.effective_at()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message =
                     "an aggregate cannot be cut by known_at or effective_at: its folds "
                     "depend on order; cut by position or recorded time"};
  }
  if (consistency.level() != Consistency::Level::at_least) return {};
  auto resumed = impl_->events_->resume(Checkpoint{consistency.token()});
  if (!resumed) return std::move(resumed).error();
  return {};
}

Reflects QueryBus::reflects(const Cut& cut) const {
  return {.token = impl_->token_at(cut.position), .open = cut.open};
}

Result<bool> QueryBus::wait_for_news(const QueryType& type, std::vector<Seen>& seen,
                                     SteadyClock::time_point deadline) const {
  // Of several projections each is looked at in turn, for a short while.
  const bool several = type.projections.size() > 1;
  bool news = seen.size() != type.projections.size();
  seen.resize(type.projections.size());
  do {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const ProjectionType& projection = *type.projections[i];
      const auto until =
          several ? std::min(deadline, SteadyClock::now() + std::chrono::milliseconds(10))
                  : deadline;
      auto record = impl_->rows_.wait(projection.name, {seen[i].position.value + 1},
                                      news ? SteadyClock::now() : until);
      if (!record) return std::move(record).error();
      if (!*record) continue;
      const Seen now{(*record)->position(), (*record)->epoch, (*record)->parked_keys};
      if (now != std::exchange(seen[i], now)) {
        news = true;
      } else if (!(*record)->failure.empty()) {
        return Error{.code = ErrorCode::unavailable,
                     .message = name_of(projection) + " has halted: " + (*record)->failure};
      }
    }
  } while (!news && SteadyClock::now() < deadline);
  return news;
}

QueryStats QueryBus::stats() const {
  return {.answered = impl_->answered_.load(),
          .waited = impl_->waited_.load(),
          .timed_out = impl_->timed_out_.load(),
          .cuts_folded = impl_->cuts_ ? impl_->cuts_->folded() : 0,
          .cuts_found = impl_->cuts_ ? impl_->cuts_->found() : 0};
}

}  // namespace annals
