#include <algorithm>
#include <string>
#include <utility>

#include "bench_store.hpp"
#include "read_model.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// Bookings anywhere in a table that has all its rows from the start. Annals projects the whole log
/// again and again, each time into a copy of that table. By hand the same events, read and decoded
/// in the same way, are added with an upsert each, and the checkpoint moved with every transaction.
class ProjectWorkload final : public WorkloadBesideSqlite {
 public:
  explicit ProjectWorkload(std::uint64_t rows)
      : name_("project-" + std::to_string(rows)), books_(rows) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    Latencies latencies;
    std::uint64_t events = 0;
    double seconds = 0;
    const Deadline deadline(context.options.seconds);
    do {
      const auto folder = context.scratch.fresh(name_ + "-annals");
      auto file = ours_.copy_to(folder);
      if (!file) return std::move(file).error();
      auto rows = open_read_model(*file);
      if (!rows) return std::move(rows).error();
      auto records = (*rows)->records();
      if (!records) return std::move(records).error();
      if (records->size() != 1 || records->front().position() != before_) {
        return Error{
            .code = ErrorCode::corrupt,
            .message = file->string() + " does not begin at position " + to_string(before_)};
      }
      auto took = project_to_head(*store_, **rows);
      if (!took) return std::move(took).error();
      seconds += *took;
      events += events_;
      latencies.add(
          std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*took)));
    } while (!deadline.over());
    return measured("log", events_, events, seconds, latencies);
  }

  Result<Measurement> sqlite(const Context& context) override { return by_hand(context, 1); }

  Result<std::optional<Measurement>> sqlite_batched(const Context& context) override {
    auto batched = by_hand(context, 1000);
    if (!batched) return std::move(batched).error();
    return std::optional<Measurement>(*std::move(batched));
  }

 private:
  Result<void> prepare(const Context& context) {
    if (store_) return {};
    auto store = open_bench_store(context.scratch.fresh(name_ + "-log"));
    if (!store) return std::move(store).error();
    if (auto booked = books_.book(**store, books_.accounts()); !booked) return booked;
    const auto folder = context.scratch.fresh(name_ + "-template");
    std::filesystem::create_directories(folder);
    ours_.file = folder / "rows.db";
    theirs_.file = folder / "by-hand.db";
    before_ = (*store)->head().position;
    auto rows = open_read_model(ours_.file);
    if (!rows) return std::move(rows).error();
    if (auto done = project_to_head(**store, **rows); !done) return std::move(done).error();
    auto peer = SqliteReadModelPeer::open(theirs_.file);
    if (!peer) return std::move(peer).error();
    if (auto begun = (*peer)->begin(); !begun) return begun;
    auto visited = visit_bookings(**store, {}, [&](const EventInfo& event, std::int64_t cents) {
      return booked(**peer, event, cents);
    });
    if (!visited) return visited;
    if (auto done = (*peer)->commit(before_.value); !done) return done;
    events_ = context.options.events;
    if (auto booked = books_.book(**store, events_); !booked) return booked;
    event_bytes_ = event_of(books_.next()).data.size();
    store_ = *std::move(store);
    return {};
  }

  static Result<bool> booked(SqliteReadModelPeer& peer, const EventInfo& event,
                             std::int64_t cents) {
    if (auto done = peer.book(account_in(event.stream), cents); !done) {
      return std::move(done).error();
    }
    return true;
  }

  /// Until the time is over, or as often as needed.
  Result<Measurement> by_hand(const Context& context, std::uint64_t batch) {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    Latencies latencies;
    std::uint64_t events = 0;
    double seconds = 0;
    const Deadline deadline(context.options.seconds);
    do {
      auto file = theirs_.copy_to(context.scratch.fresh(name_ + "-sqlite"));
      if (!file) return std::move(file).error();
      auto peer = SqliteReadModelPeer::open(*file);
      if (!peer) return std::move(peer).error();
      std::uint64_t left = events_;
      std::uint64_t open = 0;  // Events in the transaction.
      const auto started = Clock::now();
      auto began = started;
      auto done = visit_bookings(*store_, before_,
                                 [&](const EventInfo& event, std::int64_t cents) -> Result<bool> {
                                   if (open == 0) {
                                     if (auto begun = (*peer)->begin(); !begun)
                                       return std::move(begun).error();
                                   }
                                   if (auto added = booked(**peer, event, cents); !added)
                                     return added;
                                   if (++open < std::min(batch, left)) return true;
                                   if (auto moved = (*peer)->commit(event.position.value); !moved) {
                                     return std::move(moved).error();
                                   }
                                   const auto now = Clock::now();
                                   latencies.add(now - began);
                                   began = now;
                                   events += open;
                                   left -= open;
                                   open = 0;
                                   return !deadline.over();
                                 });
      if (!done) return std::move(done).error();
      seconds += seconds_since(started);
    } while (!deadline.over());
    return measured(batch == 1 ? "sqlite" : "sqlite-batched", batch, events, seconds, latencies);
  }

  Measurement measured(std::string engine, std::uint64_t batch, std::uint64_t events,
                       double seconds, const Latencies& latencies) const {
    return {.engine = std::move(engine),
            .threads = 1,
            .batch = batch,
            .event_bytes = event_bytes_,
            .streams = books_.accounts(),
            .events_per_second = static_cast<double>(events) / seconds,
            .p50_us = latencies.percentile(0.50),
            .p99_us = latencies.percentile(0.99),
            .durability = sqlite_read_model_durability};
  }

  const std::string name_;
  Books books_;
  std::unique_ptr<EventStore> store_;
  Template ours_;
  Template theirs_;
  GlobalPosition before_;  ///< Up to here both templates have it.
  std::uint64_t events_ = 0;
  std::uint64_t event_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Workload> make_project(std::uint64_t rows) {
  return std::make_unique<ProjectWorkload>(rows);
}

}  // namespace annals::bench
