#include <string>
#include <utility>

#include "bench_store.hpp"
#include "pipeline.hpp"
#include "sqlite_peer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// SQLite has nothing like it. A program that wants many durable events a second from it gathers
/// them itself, so the peer puts 1,000 into each transaction.
constexpr std::uint64_t gathered = 1000;

class PipelinedWorkload final : public Workload {
 public:
  std::string_view name() const override { return "pipelined"; }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    Pipeline pipeline;  // Before the store, whose threads may still be in the last completion.
    auto store = open_bench_store(context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1);
    const auto started = Clock::now();
    const Deadline deadline(options.seconds);
    while (!deadline.over() && !pipeline.failing()) {
      pipeline.wait_for_room();
      AppendRequest request;
      add_events(request, streams.take(1), 1, data, options.tags);
      (*store)->append_async(std::move(request),
                             [&pipeline, sent = Clock::now()](Result<Receipt> receipt) {
                               if (receipt) {
                                 pipeline.answered(sent);
                               } else {
                                 pipeline.failed(std::move(receipt).error(), sent);
                               }
                             });
    }
    pipeline.wait_for_all();
    const double seconds = seconds_since(started);
    if (pipeline.failure()) return *pipeline.failure();
    Measurement measurement =
        measured("log", 1, pipeline.sent(), seconds, pipeline.latencies(), options);
    add_syncs(measurement, **store, seconds);
    return measurement;
  }

  Result<Measurement> sqlite(const Context& context) override {
    const Options& options = context.options;
    const auto folder = context.scratch.fresh("sqlite");
    std::filesystem::create_directories(folder);
    auto peer = SqlitePeer::open(folder / "events.db");
    if (!peer) return std::move(peer).error();
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1);
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(options.seconds);
    do {
      std::vector<PeerEvent> batch;
      for (std::uint64_t i = 0; i < gathered; ++i) {
        const WrittenStreams::Place place = streams.take(1);
        batch.push_back({*place.stream, place.version, "note_taken", data});
      }
      const auto before = Clock::now();
      if (auto done = (*peer)->append(batch); !done) return std::move(done).error();
      latencies.add(Clock::now() - before);
      events += gathered;
    } while (!deadline.over());
    return measured("sqlite", gathered, events, seconds_since(started), latencies, options);
  }

 private:
  static Measurement measured(std::string engine, std::uint64_t batch, std::uint64_t events,
                              double seconds, const Latencies& latencies, const Options& options) {
    return {.engine = std::move(engine),
            .threads = 1,
            .batch = batch,
            .event_bytes = options.event_bytes,
            .streams = options.streams,
            .events_per_second = static_cast<double>(events) / seconds,
            .p50_us = latencies.percentile(0.50),
            .p99_us = latencies.percentile(0.99)};
  }
};

}  // namespace

std::unique_ptr<Workload> make_pipelined() { return std::make_unique<PipelinedWorkload>(); }

}  // namespace annals::bench
