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
  /// Each call writes `run` events to each of batch / run streams.
  AppendWorkload(std::string name, unsigned threads, std::uint64_t batch, std::uint64_t run)
      : name_(std::move(name)), threads_(threads), batch_(batch), run_(run) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    auto store = open_bench_store(context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    const std::string data = payload(options.event_bytes);
    const std::uint64_t run = run_events(options);
    auto report = run_callers(threads_, options.seconds, [&](unsigned index) {
      return [&, streams = WrittenStreams(options.streams, index, threads_)]() mutable {
        AppendRequest request;
        request.events.reserve(batch_);
        for (std::uint64_t i = 0; i < batch_; i += run) {
          add_events(request, streams.take(run), run, data, options.tags);
        }
        auto receipt = (*store)->append(std::move(request));
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
    const std::uint64_t run = run_events(options);
    std::mutex mutex;
    auto report = run_callers(threads_, options.seconds, [&](unsigned index) {
      return [&, streams = WrittenStreams(options.streams, index, threads_)]() mutable {
        std::vector<PeerEvent> events;
        events.reserve(batch_);
        for (std::uint64_t i = 0; i < batch_; i += run) {
          const WrittenStreams::Place place = streams.take(run);
          for (std::uint64_t v = 0; v < run; ++v) {
            events.push_back({*place.stream, place.version + v, "note_taken", data});
          }
        }
        const std::lock_guard lock(mutex);
        return (*peer)->append(events);
      };
    });
    if (!report) return std::move(report).error();
    return measured("sqlite", *report, options);
  }

 private:
  /// An append has one check a stream, so a caller with few streams writes more to each.
  std::uint64_t run_events(const Options& options) const {
    return options.streams / threads_ < batch_ / run_ ? batch_ : run_;
  }

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
  std::uint64_t run_;
};

}  // namespace

std::unique_ptr<Workload> make_append(unsigned threads) {
  return std::make_unique<AppendWorkload>("append-" + std::to_string(threads), threads, 1, 1);
}

std::unique_ptr<Workload> make_bulk() {
  return std::make_unique<AppendWorkload>("bulk", 4, 1000, 10);
}

}  // namespace annals::bench
