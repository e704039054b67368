#include <algorithm>
#include <string>
#include <utility>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/json.hpp>

#include "bank_account.hpp"
#include "bench_store.hpp"
#include "sqlite_peer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// Accounts with thousands of bookings each, folded from their JSON text without snapshots. The
/// peer sums the amounts in SQL out of the same JSON.
class FoldWorkload final : public WorkloadBesideSqlite {
 public:
  std::string_view name() const override { return "fold"; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    const Repository<BankAccount> repository(*store_, LoaderOptions{.snapshots = {.every = 0}});
    return loop(context, "log", [&](std::uint64_t account) -> Result<std::uint64_t> {
      auto loaded = repository.load(std::to_string(account));
      if (!loaded) return std::move(loaded).error();
      if (loaded->state.balance != balance_) {
        return Error{.code = ErrorCode::corrupt,
                     .message = "folded a balance of " + to_string(loaded->state.balance) +
                                " instead of " + to_string(balance_)};
      }
      return loaded->events_folded;
    });
  }

  Result<Measurement> sqlite(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "sqlite", [&](std::uint64_t account) {
      return peer_->fold_amounts("account-" + std::to_string(account));
    });
  }

 private:
  Result<void> prepare(const Context& context) {
    if (store_) return {};
    constexpr std::uint64_t account_events_max = 10'000;
    constexpr std::uint64_t batch = 1000;
    const std::uint64_t events = context.options.events;
    per_account_ = std::min(events, account_events_max);
    accounts_ = std::max<std::uint64_t>(events / per_account_, 1);

    auto store = open_bench_store(context.scratch.fresh("fold-annals"));
    if (!store) return std::move(store).error();
    const auto folder = context.scratch.fresh("fold-sqlite");
    std::filesystem::create_directories(folder);
    auto peer = SqlitePeer::open(folder / "events.db");
    if (!peer) return std::move(peer).error();

    const std::string text = "standing order, reference 2024-0815, thank you";
    const Money deposit = Money::of_minor(123'45, "EUR");
    const Money withdrawal = Money::of_minor(23'45, "EUR");
    auto deposited = to_json(MoneyDeposited{deposit, text});
    if (!deposited) return std::move(deposited).error();
    auto withdrawn = to_json(MoneyWithdrawn{withdrawal, text});
    if (!withdrawn) return std::move(withdrawn).error();
    event_bytes_ = deposited->size();
    balance_ = deposit * static_cast<std::int64_t>((per_account_ + 1) / 2) -
               withdrawal * static_cast<std::int64_t>(per_account_ / 2);

    for (std::uint64_t account = 0; account < accounts_; ++account) {
      const std::string stream = "account-" + std::to_string(account);
      for (std::uint64_t first = 0; first < per_account_; first += batch) {
        AppendRequest request;
        std::vector<PeerEvent> rows;
        for (std::uint64_t v = first; v < std::min(first + batch, per_account_); ++v) {
          const bool in = v % 2 == 0;
          const std::string& data = in ? *deposited : *withdrawn;
          request.events.push_back(
              {.stream = stream, .type = in ? "money_deposited" : "money_withdrawn", .data = data});
          rows.push_back({stream, v, in ? "money_deposited" : "money_withdrawn", data});
        }
        request.checks.push_back({stream, ExpectedVersion::any()});
        if (auto receipt = (*store)->append(std::move(request)); !receipt) {
          return std::move(receipt).error();
        }
        if (auto done = (*peer)->append(rows); !done) return std::move(done).error();
      }
    }
    store_ = std::move(*store);
    peer_ = std::move(*peer);
    return {};
  }

  template <typename Fold>
  Result<Measurement> loop(const Context& context, std::string engine, const Fold& fold) const {
    Latencies latencies;
    std::uint64_t events = 0;
    std::uint64_t account = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      auto folded = fold(account);
      latencies.add(Clock::now() - before);
      if (!folded) return std::move(folded).error();
      if (*folded != per_account_) {
        return Error{.code = ErrorCode::corrupt,
                     .message = engine + " folded " + std::to_string(*folded) + " events"};
      }
      events += *folded;
      account = (account + 1) % accounts_;
    } while (!deadline.over());
    return Measurement{.engine = std::move(engine),
                       .threads = 1,
                       .batch = per_account_,
                       .event_bytes = event_bytes_,
                       .streams = accounts_,
                       .events_per_second = static_cast<double>(events) / seconds_since(started),
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99)};
  }

  std::unique_ptr<EventStore> store_;
  std::unique_ptr<SqlitePeer> peer_;
  std::uint64_t per_account_ = 0;
  std::uint64_t accounts_ = 0;
  std::uint64_t event_bytes_ = 0;
  Money balance_;
};

}  // namespace

std::unique_ptr<Workload> make_fold() { return std::make_unique<FoldWorkload>(); }

}  // namespace annals::bench
