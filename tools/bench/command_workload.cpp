#include <algorithm>
#include <string>
#include <utility>

#include <annals/commands/command_bus.hpp>

#include "bank_account.hpp"
#include "bench_store.hpp"
#include "pipeline.hpp"
#include "sqlite_peer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t gathered = 1000;
const char* const payment_text = "standing order, reference 2024-0815, thank you";

/// Deposits and withdrawals by turns over many accounts, so that every decision needs a state. The
/// peer keeps a balance per account beside its events: it reads the balance, inserts the event and
/// writes the balance in one transaction; 1,000 of that in one transaction where annals pipelines.
class CommandWorkload final : public WorkloadBesideSqlite {
 public:
  explicit CommandWorkload(bool pipelined) : pipelined_(pipelined) {}

  std::string_view name() const override {
    return pipelined_ ? "commands-pipelined" : "commands-1";
  }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    auto store = open_bench_store(context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    Measurement measurement;
    double seconds = 0;
    Pipeline pipeline;  // Before the bus, whose threads may still be in the last completion.
    {
      CommandBus bus(**store);
      bus.add<BankAccount>();
      auto measured = pipelined_ ? send_many(context, bus, pipeline, seconds)
                                 : send_each(context, bus, seconds);
      if (!measured) return measured;
      measurement = *measured;
    }
    add_syncs(measurement, **store, seconds);
    return measurement;
  }

  Result<Measurement> sqlite(const Context& context) override {
    const auto folder = context.scratch.fresh("sqlite");
    std::filesystem::create_directories(folder);
    auto peer = SqlitePeer::open(folder / "events.db");
    if (!peer) return std::move(peer).error();
    const std::uint64_t batch = pipelined_ ? gathered : 1;
    const std::string data =
        R"({"amount":"10.00 EUR","text":")" + std::string(payment_text) + "\"}";
    const std::vector<std::string> names = accounts(context, "account-");
    Latencies latencies;
    std::uint64_t sent = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      std::vector<PeerDeposit> deposits;
      for (std::uint64_t i = 0; i < batch; ++i) {
        deposits.push_back({names[(sent + i) % names.size()], "money_deposited", data, 1000});
      }
      const auto before = Clock::now();
      if (auto done = (*peer)->deposit(deposits); !done) {
        return std::move(done).error();
      }
      latencies.add(Clock::now() - before);
      sent += batch;
    } while (!deadline.over());
    return measured("sqlite", batch, sent, seconds_since(started), latencies, names.size());
  }

 private:
  static std::vector<std::string> accounts(const Context& context, const std::string& prefix) {
    std::vector<std::string> ids;
    for (std::uint64_t i = 0; i < context.options.streams; ++i) {
      ids.push_back(prefix + std::to_string(i));
    }
    return ids;
  }

  Result<Measurement> send_each(const Context& context, CommandBus& bus, double& seconds) const {
    const std::vector<std::string> ids = accounts(context, "");
    Latencies latencies;
    std::uint64_t sent = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const std::string& id = ids[sent % ids.size()];
      const bool in = sent / ids.size() % 2 == 0;
      const auto before = Clock::now();
      auto receipt = in ? bus.send(id, Deposit{Money::of_minor(10'00, "EUR"), payment_text})
                        : bus.send(id, Withdraw{Money::of_minor(9'00, "EUR"), payment_text});
      latencies.add(Clock::now() - before);
      if (!receipt) return std::move(receipt).error();
      ++sent;
    } while (!deadline.over());
    seconds = seconds_since(started);
    return measured("log", 1, sent, seconds, latencies, ids.size());
  }

  Result<Measurement> send_many(const Context& context, CommandBus& bus, Pipeline& pipeline,
                                double& seconds) const {
    const std::vector<std::string> ids = accounts(context, "");
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    while (!deadline.over() && !pipeline.failing()) {
      const std::uint64_t turn = pipeline.sent();
      const std::string& id = ids[turn % ids.size()];
      pipeline.wait_for_room();
      auto completion = [&pipeline, sent = Clock::now()](Result<CommandReceipt> receipt) {
        if (receipt) {
          pipeline.answered(sent);
        } else {
          pipeline.failed(std::move(receipt).error(), sent);
        }
      };
      if (turn / ids.size() % 2 == 0) {
        bus.send_async(id, Deposit{Money::of_minor(10'00, "EUR"), payment_text}, {}, completion);
      } else {
        bus.send_async(id, Withdraw{Money::of_minor(9'00, "EUR"), payment_text}, {}, completion);
      }
    }
    pipeline.wait_for_all();
    seconds = seconds_since(started);
    if (pipeline.failure()) return *pipeline.failure();
    return measured("log", 1, pipeline.sent(), seconds, pipeline.latencies(), ids.size());
  }

  static Measurement measured(std::string engine, std::uint64_t batch, std::uint64_t events,
                              double seconds, const Latencies& latencies, std::uint64_t streams) {
    return {.engine = std::move(engine),
            .threads = 1,
            .batch = batch,
            .event_bytes = std::string_view(payment_text).size() + 34,
            .streams = streams,
            .events_per_second = static_cast<double>(events) / seconds,
            .p50_us = latencies.percentile(0.50),
            .p99_us = latencies.percentile(0.99)};
  }

  bool pipelined_;
};

}  // namespace

std::unique_ptr<Workload> make_commands(bool pipelined) {
  return std::make_unique<CommandWorkload>(pipelined);
}

}  // namespace annals::bench
