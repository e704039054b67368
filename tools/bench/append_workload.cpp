#include <mutex>
#include <string>
#include <utility>

#include "bench_store.hpp"
#include "callers.hpp"
#include "sqlite_peer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

class AppendWorkload final : public Workload {
 public:
  AppendWorkload(std::string name, unsigned threads, std::uint64_t batch)
      : name_(std::move(name)), threads_(threads), batch_(batch) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    auto store = open_bench_store(context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    const std::string data = payload(options.event_bytes);
    auto report = run_callers(threads_, options.seconds, [&](unsigned index) {
      return [&, streams = WrittenStreams(options.streams, index, threads_)]() mutable {
        auto receipt =
            (*store)->append(append_of(streams.take(batch_), batch_, data, options.tags));
        return receipt ? Result<void>() : Result<void>(std::move(receipt).error());
      };
    });
    if (!report) return std::move(report).error();
    Measurement measurement = measured("log", *report, options);
    add_syncs(measurement, **store, report->seconds);
    return measurement;
  }

  Result<Measurement> sqlite(const Context& context) override {
    const Options& options = context.options;
    const auto folder = context.scratch.fresh("sqlite");
    std::filesystem::create_directories(folder);
    auto peer = SqlitePeer::open(folder / "events.db");
    if (!peer) return std::move(peer).error();
    const std::string data = payload(options.event_bytes);
    std::mutex mutex;
    auto report = run_callers(threads_, options.seconds, [&](unsigned index) {
      return [&, streams = WrittenStreams(options.streams, index, threads_)]() mutable {
        const WrittenStreams::Place place = streams.take(batch_);
        std::vector<PeerEvent> events;
        for (std::uint64_t i = 0; i < batch_; ++i) {
          events.push_back({*place.stream, place.version + i, "note_taken", data});
        }
        const std::lock_guard lock(mutex);
        return (*peer)->append(events);
      };
    });
    if (!report) return std::move(report).error();
    return measured("sqlite", *report, options);
  }

 private:
  Measurement measured(std::string engine, const CallersReport& report,
                       const Options& options) const {
    return {.engine = std::move(engine),
            .threads = threads_,
            .batch = batch_,
            .event_bytes = options.event_bytes,
            .streams = options.streams,
            .events_per_second = static_cast<double>(report.calls * batch_) / report.seconds,
            .p50_us = report.latencies.percentile(0.50),
            .p99_us = report.latencies.percentile(0.99)};
  }

  std::string name_;
  unsigned threads_;
  std::uint64_t batch_;
};

}  // namespace

std::unique_ptr<Workload> make_append(unsigned threads) {
  return std::make_unique<AppendWorkload>("append-" + std::to_string(threads), threads, 1);
}

std::unique_ptr<Workload> make_bulk() { return std::make_unique<AppendWorkload>("bulk", 4, 1000); }

}  // namespace annals::bench
