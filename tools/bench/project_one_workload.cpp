#include <string>
#include <utility>

#include <annals/projections/checkpoint_record.hpp>

#include "bench_store.hpp"
#include "read_model.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t accounts = 10'000;

/// What a projector does with one event, without the log: it loads the row, adds to it, and commits
/// row and checkpoint.
class ProjectOneWorkload final : public WorkloadBesideSqlite {
 public:
  std::string_view name() const override { return "project-one"; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    auto rows = open_read_model(new_file(context, "annals"));
    if (!rows) return std::move(rows).error();
    auto claim = (*rows)->claim(projection_type_of<Balances>(), {}, make_holder(),
                                std::chrono::milliseconds(60'000));
    if (!claim) return std::move(claim).error();
    std::optional<Checkpoint> before;
    Checkpoint after{.token = {.store = {}, .era = {}, .position = {}}, .link = Link{}};
    Books books(accounts);
    return loop(context, "log", [&]() -> Result<void> {
      const Books::Booking booking = books.next();
      AccountBalance row{.account = std::string(account_in(booking.stream))};
      RowToLoad wanted{&row};
      if (auto loaded = (*rows)->load(table_type_of<AccountBalance>(), {&wanted, 1}); !loaded) {
        return loaded;
      }
      row.evolve(MoneyDeposited{Money::of_minor(booking.cents, "EUR"), {}});
      ++after.token.position.value;
      auto done = (*rows)->commit({.claim = *claim,
                                   .before = before,
                                   .after = after,
                                   .changes = {{&table_type_of<AccountBalance>(), {&row}}}});
      if (!done) return std::move(done).error();
      before = after;
      return {};
    });
  }

  Result<Measurement> sqlite(const Context& context) override {
    auto peer = SqliteReadModelPeer::open(new_file(context, "sqlite"));
    if (!peer) return std::move(peer).error();
    Books books(accounts);
    std::uint64_t position = 0;
    return loop(context, "sqlite", [&]() -> Result<void> {
      const Books::Booking booking = books.next();
      if (auto begun = (*peer)->begin(); !begun) return begun;
      auto added = (*peer)->book(account_in(booking.stream), booking.cents);
      return added ? (*peer)->commit(++position) : added;
    });
  }

 private:
  static std::filesystem::path new_file(const Context& context, const std::string& name) {
    const auto folder = context.scratch.fresh(name);
    std::filesystem::create_directories(folder);
    return folder / "rows.db";
  }

  template <typename Commit>
  static Result<Measurement> loop(const Context& context, std::string engine,
                                  const Commit& commit) {
    Latencies latencies;
    std::uint64_t commits = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      auto done = commit();
      latencies.add(Clock::now() - before);
      if (!done) return std::move(done).error();
      ++commits;
    } while (!deadline.over());
    return Measurement{.engine = std::move(engine),
                       .threads = 1,
                       .batch = 1,
                       .event_bytes = event_of(Books(accounts).next()).data.size(),
                       .streams = accounts,
                       .events_per_second = static_cast<double>(commits) / seconds_since(started),
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99),
                       .durability = sqlite_read_model_durability};
  }
};

}  // namespace

std::unique_ptr<Workload> make_project_one() { return std::make_unique<ProjectOneWorkload>(); }

}  // namespace annals::bench
