/// @file
/// Door of queries/: asks read models and aggregates, each query at the consistency it states.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/projections/rows.hpp>
#include <annals/queries/consistency.hpp>
#include <annals/queries/query_type.hpp>

namespace annals {

/// A query on its way in. Valid during the interceptor's call.
class QueryContext {
 public:
  QueryContext(const QueryType& type, const void* query, const Consistency& consistency)
      : type_(type), query_(query), consistency_(consistency) {}

  const QueryType& type() const noexcept { return type_; }
  const Consistency& consistency() const noexcept { return consistency_; }
  /// The query if it is a Q, else nullptr.
  template <typename Q>
  const Q* as() const noexcept {
    return &type_ == &query_type_of<Q>() ? static_cast<const Q*>(query_) : nullptr;
  }
  /// Calls `observer` with how it ended, before the asker gets the answer. What it throws is
  /// dropped.
  void when_answered(std::function<void(const Result<Reflects>&)> observer) {
    observers_.push_back(std::move(observer));
  }
  const std::vector<std::function<void(const Result<Reflects>&)>>& observers() const noexcept {
    return observers_;
  }

 private:
  const QueryType& type_;
  const void* query_;
  const Consistency& consistency_;
  std::vector<std::function<void(const Result<Reflects>&)>> observers_;
};

/// Runs on the asker's thread before the query does anything; an error is its answer. May be called
/// by many threads at once.
using QueryInterceptor = std::function<Result<void>(QueryContext&)>;

struct QueryOptions {
  /// Makes an empty read-model store that nobody else sees, for answers as of a cut:
  /// `[] { return annals::open_sqlite_read_models({}); }`.
  std::function<Result<std::unique_ptr<ReadModelStore>>()> scratch = {};
  /// Read models as of a cut that are kept, the latest used ones; 0: none.
  std::size_t cuts_kept = 8;
  LoaderOptions loader = {};  ///< For aggregates; its upcasters also serve cuts.
};

struct QueryStats {
  std::uint64_t answered = 0;
  std::uint64_t waited = 0;  ///< Of them, how many had to wait for a projector.
  std::uint64_t timed_out = 0;
  std::uint64_t cuts_folded = 0;
  std::uint64_t cuts_found = 0;  ///< In the cache.
};

template <typename Q>
class LiveQuery;

/// Thread-safe, but for intercept(), which comes before the first query. The stores must outlive
/// it.
///
/// Errors of every ask: unavailable (nothing was projected yet; the projector has halted, with its
/// reason; the database refuses), unsupported (the rows were made by another definition: rebuild),
/// diverged (the rows, or the token, have seen a history that the store does not have),
/// invalid_argument (a token of another store, SQL that is none, a cut that the projection does not
/// offer), timeout (says how far the read model is), corrupt, and what the query's `answer`
/// returns.
class QueryBus {
 public:
  QueryBus(EventStore& events, const ReadModelStore& rows, QueryOptions options = {});
  /// For a service that has read models and no event store, since they are fed by a topic for
  /// instance. It answers `eventual` and `at_least`; what needs the store (`strong`, `as_of`,
  /// load()) is refused as invalid_argument. Of a token, store and era must be those of the read
  /// models: whether one of another era is still good, only the store could tell.
  explicit QueryBus(const ReadModelStore& rows, QueryOptions options = {});
  ~QueryBus();
  QueryBus(const QueryBus&) = delete;
  QueryBus& operator=(const QueryBus&) = delete;

  QueryBus& intercept(QueryInterceptor interceptor);

  /// Asks. Rows and position are of one moment.
  template <typename Q>
  Result<Answer<AnswerOf<Q>>> ask(const Q& query, const Consistency& consistency) {
    std::optional<AnswerOf<Q>> value;
    auto reflects =
        ask_any(query_type_of<Q>(), &query, consistency, [&](Rows& rows) -> Result<void> {
          if constexpr (rule::query_answers<Q>::holds) {
            auto answered = query.answer(rows);
            if (!answered) return std::move(answered).error();
            value.emplace(*std::move(answered));
          }
          return {};
        });
    if (!reflects) return std::move(reflects).error();
    Answer<AnswerOf<Q>> answer;
    static_cast<Reflects&>(answer) = *reflects;
    answer.value = *std::move(value);
    return answer;
  }

  /// The aggregate, folded from the log: at its head for every level but as_of. Errors: also as
  /// Repository::load; invalid_argument for known_at and effective_at.
  template <typename A>
  Result<Answer<Loaded<A>>> load(std::string_view id, const Consistency& consistency) {
    if (auto possible = check_load(consistency); !possible) return std::move(possible).error();
    auto loaded = Repository<A>(loader_).load(
        id, consistency.level() == Consistency::Level::as_of ? consistency.cut() : AsOf::head());
    if (!loaded) return std::move(loaded).error();
    Answer<Loaded<A>> answer;
    static_cast<Reflects&>(answer) = reflects(loaded->cut);
    answer.value = *std::move(loaded);
    return answer;
  }

  /// The answer now, then each time it has changed. The bus must outlive it.
  template <typename Q>
  LiveQuery<Q> watch(Q query, const Consistency& first) {
    return LiveQuery<Q>(*this, std::move(query), first);
  }

  QueryStats stats() const;

 private:
  template <typename Q>
  friend class LiveQuery;
  using Reader = std::function<Result<void>(Rows&)>;

  Result<Reflects> ask_any(const QueryType& type, const void* query, const Consistency& consistency,
                           const Reader& reader);
  Result<void> check_load(const Consistency& consistency) const;
  Reflects reflects(const Cut& cut) const;
  /// What was seen of a projection: another position, another epoch (rebuilt), or another number of
  /// parked keys (retried) is news.
  struct Seen {
    GlobalPosition position;
    std::uint64_t epoch = 0;
    std::uint64_t parked_keys = 0;
    bool operator==(const Seen&) const = default;
  };
  /// Waits until any of the query's projections is not as it was seen, or the time is over; notes
  /// what it sees, and returns whether that is news. Nothing seen yet is news.
  Result<bool> wait_for_news(const QueryType& type, std::vector<Seen>& seen,
                             std::chrono::steady_clock::time_point deadline) const;

  class Impl;
  std::unique_ptr<Impl> impl_;
  std::shared_ptr<StateLoader> loader_;
};

}  // namespace annals

#include <annals/queries/live_query.hpp>  // IWYU pragma: export
