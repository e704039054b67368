#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

#include "bench_store.hpp"
#include "read_model.hpp"
#include "steady_writer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t account_events = 100;
constexpr double busy_appends_per_second = 1000;

std::string_view name_of(Asked asked) {
  switch (asked) {
    case Asked::eventual: return "query-eventual";
    case Asked::at_least: return "query-at-least";
    case Asked::strong: return "query-strong";
    case Asked::load: return "query-load";
    case Asked::as_of: break;
  }
  return "query-as-of";
}

/// A lock that is given by turns. SQLite's own lets one writer in a loop starve another.
class Turns {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    const std::uint64_t mine = next_++;
    changed_.wait(guard, [&] { return serving_ == mine; });
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      ++serving_;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0;
  std::uint64_t serving_ = 0;
};

/// Asks for the balance of one account after the other, of a bank whose projector runs. The peer
/// has events and balances in one database, written together: it selects the balance, or sums the
/// account's events where annals folds or cuts history.
class QueryWorkload final : public WorkloadBesideSqlite {
 public:
  QueryWorkload(Asked asked, bool busy)
      : asked_(asked),
        busy_(busy),
        name_(std::string(name_of(asked)) + (busy ? "-busy" : "")),
        books_(0) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    ProjectionRunner runner(*store_, *rows_);
    if (auto added = runner.add<Balances>(); !added) return std::move(added).error();
    QueryBus bus(*store_, *rows_,
                 {.scratch = [] { return open_sqlite_read_models({}); },
                  .loader = {.snapshots = {.every = 0}}});
    auto ask = question(bus);
    if (auto warm = ask(); !warm) return std::move(warm).error();
    Books beside(books_.accounts());
    return measured(context, "log", ask, [&]() -> Result<void> {
      auto written = write(beside);
      if (!written) return std::move(written).error();
      return {};
    });
  }

  Result<Measurement> sqlite(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    auto other = SqlitePeer::open(peer_file_);
    if (!other) return std::move(other).error();
    Books beside(books_.accounts());
    return measured(
        context, "sqlite", [this] { return ask_peer(); }, [&] { return deposit(**other, beside); });
  }

 private:
  /// Asks once: how long the answer took.
  using Ask = std::function<Result<Clock::duration>()>;

  Result<void> prepare(const Context& context) {
    if (store_) return {};
    const std::uint64_t accounts =
        std::max<std::uint64_t>(context.options.events / account_events, 1);
    books_ = Books(accounts);
    auto store = open_bench_store(context.scratch.fresh(name_ + "-log"));
    if (!store) return std::move(store).error();
    const auto folder = context.scratch.fresh(name_ + "-rows");
    std::filesystem::create_directories(folder);
    peer_file_ = folder / "events.db";
    auto peer = SqlitePeer::open(peer_file_);
    if (!peer) return std::move(peer).error();
    auto booked = books_.book(**store, accounts * account_events, 1000, peer->get());
    if (!booked) return booked;
    auto rows = open_read_model(folder / "rows.db");
    if (!rows) return std::move(rows).error();
    if (auto done = project_to_head(**store, **rows); !done) return std::move(done).error();
    middle_ = {(*store)->head().position.value / 2};
    store_ = *std::move(store);
    rows_ = *std::move(rows);
    peer_ = *std::move(peer);
    return {};
  }

  Result<Token> write(Books& books) {
    NewEvent event = event_of(books.next());
    AppendRequest request;
    request.checks.push_back({event.stream, ExpectedVersion::any()});
    request.events.push_back(std::move(event));
    auto receipt = store_->append(std::move(request));
    if (!receipt) return std::move(receipt).error();
    return receipt->token();
  }

  Result<void> deposit(SqlitePeer& peer, Books& books) {
    const Books::Booking booking = books.next();
    const NewEvent event = event_of(booking);
    const std::lock_guard turn(peer_writes_);
    return peer.deposit({{event.stream, event.type, event.data, booking.cents}});
  }

  Ask question(QueryBus& bus) {
    if (asked_ == Asked::load) {
      return [this, &bus]() -> Result<Clock::duration> {
        const std::string account = books_.any_account();
        const auto before = Clock::now();
        auto answer = bus.load<BankAccount>(account, Consistency::strong());
        const auto took = Clock::now() - before;
        if (!answer) return std::move(answer).error();
        if (!answer->value.exists()) return nothing_there(account);
        return took;
      };
    }
    return [this, &bus]() -> Result<Clock::duration> {
      const BalanceOf query{books_.any_account()};
      Consistency consistency = Consistency::eventual();
      if (asked_ == Asked::strong) consistency = Consistency::strong();
      if (asked_ == Asked::as_of) consistency = Consistency::as_of(AsOf::position(middle_));
      if (asked_ == Asked::at_least) {
        auto token = write(books_);
        if (!token) return std::move(token).error();
        consistency = Consistency::at_least(*token);
      }
      const auto before = Clock::now();
      auto answer = bus.ask(query, consistency);
      const auto took = Clock::now() - before;
      if (!answer) return std::move(answer).error();
      if (!answer->value) return nothing_there(query.account);
      return took;
    };
  }

  Result<Clock::duration> ask_peer() {
    const std::string account = "account-" + books_.any_account();
    if (asked_ == Asked::at_least) {
      if (auto written = deposit(*peer_, books_); !written) return std::move(written).error();
    }
    const auto before = Clock::now();
    if (asked_ == Asked::load || asked_ == Asked::as_of) {
      auto events = asked_ == Asked::load
                        ? peer_->fold_amounts(account)
                        : peer_->fold_amounts(account, static_cast<std::int64_t>(middle_.value));
      if (!events) return std::move(events).error();
    } else {
      auto balance = peer_->balance(account);
      if (!balance) return std::move(balance).error();
    }
    return Clock::now() - before;
  }

  static Error nothing_there(const std::string& account) {
    return {.code = ErrorCode::corrupt, .message = "account " + account + " is not there"};
  }

  Result<Measurement> measured(const Context& context, std::string engine, const Ask& ask,
                               const std::function<Result<void>()>& write_beside) {
    std::optional<SteadyWriter> writer;
    if (busy_) writer.emplace(busy_appends_per_second, write_beside);
    Latencies latencies;
    std::uint64_t answers = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      auto took = ask();
      if (!took) return std::move(took).error();
      latencies.add(*took);
      ++answers;
    } while (!deadline.over());
    const double seconds = seconds_since(started);
    Measurement measurement{.engine = std::move(engine),
                            .threads = 1,
                            .batch = 1,
                            .event_bytes = event_of(books_.next()).data.size(),
                            .streams = books_.accounts(),
                            .events_per_second = static_cast<double>(answers) / seconds,
                            .p50_us = latencies.percentile(0.50),
                            .p99_us = latencies.percentile(0.99)};
    if (writer) {
      auto rate = writer->stop();
      if (!rate) return std::move(rate).error();
      measurement.appends_beside_per_second = *rate;
    }
    return measurement;
  }

  const Asked asked_;
  const bool busy_;
  const std::string name_;
  Books books_;
  std::unique_ptr<EventStore> store_;
  std::unique_ptr<ReadModelStore> rows_;
  std::unique_ptr<SqlitePeer> peer_;
  std::filesystem::path peer_file_;
  Turns peer_writes_;
  GlobalPosition middle_;
};

}  // namespace

std::unique_ptr<Workload> make_query(Asked asked, bool busy) {
  return std::make_unique<QueryWorkload>(asked, busy);
}

}  // namespace annals::bench
