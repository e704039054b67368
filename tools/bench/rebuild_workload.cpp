#include <string>
#include <utility>

#include <annals/projections/rebuild.hpp>

#include "bench_store.hpp"
#include "read_model.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// The whole log folded again, into a table of a row for each stream. By hand: one transaction that
/// empties the table and adds every event to it, so that readers see the old or the new.
class RebuildWorkload final : public WorkloadBesideSqlite {
 public:
  std::string_view name() const override { return "rebuild"; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "log", [&]() -> Result<std::uint64_t> {
      auto rebuilt = rebuild(*store_, *rows_, projection_type_of<Balances>());
      if (!rebuilt) return std::move(rebuilt).error();
      return rebuilt->events;
    });
  }

  Result<Measurement> sqlite(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "sqlite", [&]() -> Result<std::uint64_t> {
      if (auto begun = peer_->begin(); !begun) return std::move(begun).error();
      if (auto emptied = peer_->clear(); !emptied) return std::move(emptied).error();
      std::uint64_t events = 0;
      auto visited = visit_bookings(
          *store_, {}, [&](const EventInfo& event, std::int64_t cents) -> Result<bool> {
            ++events;
            auto booked = peer_->book(account_in(event.stream), cents);
            if (!booked) return std::move(booked).error();
            return true;
          });
      if (!visited) return std::move(visited).error();
      auto done = peer_->commit(store_->head().position.value);
      if (!done) return std::move(done).error();
      return events;
    });
  }

 private:
  Result<void> prepare(const Context& context) {
    if (store_) return {};
    accounts_ = std::min(context.options.streams, context.options.events);
    Books books(accounts_);
    auto store = open_bench_store(context.scratch.fresh("rebuild-log"));
    if (!store) return std::move(store).error();
    if (auto booked = books.book(**store, context.options.events); !booked) return booked;
    event_bytes_ = event_of(books.next()).data.size();
    const auto folder = context.scratch.fresh("rebuild-rows");
    std::filesystem::create_directories(folder);
    auto rows = open_read_model(folder / "rows.db");
    if (!rows) return std::move(rows).error();
    if (auto done = project_to_head(**store, **rows); !done) return std::move(done).error();
    auto peer = SqliteReadModelPeer::open(folder / "by-hand.db");
    if (!peer) return std::move(peer).error();
    store_ = *std::move(store);
    rows_ = *std::move(rows);
    peer_ = *std::move(peer);
    return {};
  }

  template <typename Rebuild>
  Result<Measurement> loop(const Context& context, std::string engine,
                           const Rebuild& rebuild_all) const {
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      auto rebuilt = rebuild_all();
      latencies.add(Clock::now() - before);
      if (!rebuilt) return std::move(rebuilt).error();
      if (*rebuilt != context.options.events) {
        return Error{.code = ErrorCode::corrupt,
                     .message = engine + " rebuilt from " + std::to_string(*rebuilt) +
                                " events instead of " + std::to_string(context.options.events)};
      }
      events += *rebuilt;
    } while (!deadline.over());
    return Measurement{.engine = std::move(engine),
                       .threads = 1,
                       .batch = context.options.events,
                       .event_bytes = event_bytes_,
                       .streams = accounts_,
                       .events_per_second = static_cast<double>(events) / seconds_since(started),
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99),
                       .durability = sqlite_read_model_durability};
  }

  std::unique_ptr<EventStore> store_;
  std::unique_ptr<ReadModelStore> rows_;
  std::unique_ptr<SqliteReadModelPeer> peer_;
  std::uint64_t accounts_ = 0;
  std::uint64_t event_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_rebuild() { return std::make_unique<RebuildWorkload>(); }

}  // namespace annals::bench
