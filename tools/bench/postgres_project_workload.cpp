#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "bench_store.hpp"
#include "postgres_bench.hpp"
#include "read_model.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

Measurement measured(std::string engine, std::uint64_t accounts, std::uint64_t events,
                     double seconds, const Latencies& latencies) {
  return {.engine = std::move(engine),
          .threads = 1,
          .batch = 1,
          .event_bytes = event_of(Books(accounts).next()).data.size(),
          .streams = accounts,
          .events_per_second = static_cast<double>(events) / seconds,
          .p50_us = latencies.percentile(0.50),
          .p99_us = latencies.percentile(0.99),
          .durability = "synced"};
}

/// Bookings of a log projected into a table in PostgreSQL. What each side is to project is appended
/// before its time begins, into a log that they share.
class PostgresBooks {
 public:
  explicit PostgresBooks(std::uint64_t accounts) : books_(accounts) {}

  /// Once: makes log and tables, with a booking on each account in all of them.
  Result<void> prepare(const Context& context, const std::string& name) {
    if (peer_) return {};
    auto store = open_bench_store(context.scratch.fresh(name));
    if (!store) return std::move(store).error();
    store_ = *std::move(store);
    if (auto booked = books_.book(*store_, books_.accounts()); !booked) return booked;
    auto rows = open_postgres_read_model(context.options.postgres);
    if (!rows) return std::move(rows).error();
    rows_ = *std::move(rows);
    auto done = project_to_head(*store_, *rows_, context.options.partitions);
    if (!done) return std::move(done).error();
    auto peer = PostgresReadModelPeer::open(context.options.postgres);
    if (!peer) return std::move(peer).error();
    peer_ = *std::move(peer);
    return by_hand_in_one({});
  }

  /// Everything after `after`, by hand, in one transaction.
  Result<void> by_hand_in_one(GlobalPosition after) {
    if (auto begun = peer_->begin(); !begun) return begun;
    auto visited = visit_bookings(*store_, after,
                                  [&](const EventInfo& event, std::int64_t cents) -> Result<bool> {
                                    auto booked = peer_->book(account_in(event.stream), cents);
                                    if (!booked) return std::move(booked).error();
                                    return true;
                                  });
    if (!visited) return visited;
    return peer_->commit(store_->head().position.value);
  }

  Books& books() { return books_; }
  EventStore& store() { return *store_; }
  ReadModelStore& rows() { return *rows_; }
  PostgresReadModelPeer& peer() { return *peer_; }

 private:
  Books books_;
  std::unique_ptr<EventStore> store_;
  std::shared_ptr<ReadModelStore> rows_;
  std::unique_ptr<PostgresReadModelPeer> peer_;
};

class PostgresProjectWorkload final : public Workload {
 public:
  explicit PostgresProjectWorkload(std::uint64_t rows)
      : name_("project-" + std::to_string(rows)), books_(rows) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = books_.prepare(context, name_); !ready) return std::move(ready).error();
    Latencies latencies;
    std::uint64_t events = 0;
    double seconds = 0;
    do {
      auto booked = books_.books().book(books_.store(), context.options.events);
      if (!booked) return std::move(booked).error();
      auto took = project_to_head(books_.store(), books_.rows(), context.options.partitions);
      if (!took) return std::move(took).error();
      seconds += *took;
      events += context.options.events;
      latencies.add(
          std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*took)));
    } while (seconds < context.options.seconds && !interrupted());
    auto made = measured("postgres", books_.books().accounts(), events, seconds, latencies);
    made.threads = context.options.partitions;
    return made;
  }

  /// By hand, a transaction for each event, as far as it gets.
  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (!context.options.wants("by-hand")) return std::vector<Measurement>();
    if (auto ready = books_.prepare(context, name_); !ready) return std::move(ready).error();
    const GlobalPosition after = books_.store().head().position;
    auto booked = books_.books().book(books_.store(), context.options.events);
    if (!booked) return std::move(booked).error();
    Latencies latencies;
    std::uint64_t events = 0;
    PostgresReadModelPeer& peer = books_.peer();
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    auto done = visit_bookings(books_.store(), after,
                               [&](const EventInfo& event, std::int64_t cents) -> Result<bool> {
                                 const auto began = Clock::now();
                                 auto projected = peer.begin();
                                 if (projected)
                                   projected = peer.book(account_in(event.stream), cents);
                                 if (projected) projected = peer.commit(event.position.value);
                                 if (!projected) return std::move(projected).error();
                                 latencies.add(Clock::now() - began);
                                 ++events;
                                 return !deadline.over();
                               });
    if (!done) return std::move(done).error();
    return std::vector{
        measured("by-hand", books_.books().accounts(), events, seconds_since(started), latencies)};
  }

 private:
  const std::string name_;
  PostgresBooks books_;
};

class PostgresRebuildWorkload final : public Workload {
 public:
  std::string_view name() const override { return "rebuild"; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "postgres", [&]() -> Result<void> {
      auto rebuilt = rebuild(books_->store(), books_->rows(), projection_type_of<Balances>());
      if (!rebuilt) return std::move(rebuilt).error();
      if (rebuilt->events == books_->store().head().position.value) return {};
      return Error{ErrorCode::corrupt,
                   "rebuilt from " + std::to_string(rebuilt->events) + " events only"};
    });
  }

  /// By hand, one transaction, so that readers see the old or the new.
  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (!context.options.wants("by-hand")) return std::vector<Measurement>();
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    auto measurement = loop(context, "by-hand", [&]() -> Result<void> {
      if (auto begun = books_->peer().begin(); !begun) return begun;
      if (auto emptied = books_->peer().clear(); !emptied) return emptied;
      auto visited = visit_bookings(
          books_->store(), {}, [&](const EventInfo& event, std::int64_t cents) -> Result<bool> {
            auto booked = books_->peer().book(account_in(event.stream), cents);
            if (!booked) return std::move(booked).error();
            return true;
          });
      if (!visited) return visited;
      return books_->peer().commit(books_->store().head().position.value);
    });
    if (!measurement) return std::move(measurement).error();
    return std::vector{*std::move(measurement)};
  }

 private:
  Result<void> prepare(const Context& context) {
    if (books_) return {};
    const std::uint64_t events = context.options.events;
    const std::uint64_t accounts = std::min(context.options.streams, events);
    books_.emplace(accounts);
    if (auto ready = books_->prepare(context, "rebuild"); !ready) return ready;
    if (auto booked = books_->books().book(books_->store(), events - accounts); !booked) {
      return booked;
    }
    auto done = project_to_head(books_->store(), books_->rows(), context.options.partitions);
    if (!done) return std::move(done).error();
    return {};
  }

  template <typename Rebuild>
  Result<Measurement> loop(const Context& context, std::string engine, const Rebuild& rebuild_all) {
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      if (auto rebuilt = rebuild_all(); !rebuilt) return std::move(rebuilt).error();
      latencies.add(Clock::now() - before);
      events += books_->store().head().position.value;
    } while (!deadline.over());
    return measured(std::move(engine), books_->books().accounts(), events, seconds_since(started),
                    latencies);
  }

  std::optional<PostgresBooks> books_;
};

}  // namespace

std::unique_ptr<Workload> make_postgres_project(std::uint64_t rows) {
  return std::make_unique<PostgresProjectWorkload>(rows);
}

std::unique_ptr<Workload> make_postgres_rebuild() {
  return std::make_unique<PostgresRebuildWorkload>();
}

}  // namespace annals::bench
