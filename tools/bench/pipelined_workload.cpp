#include <string>
#include <utility>
#include <vector>

#include "bench_store.hpp"
#include "event_peer.hpp"
#include "pipeline.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// The peers have nothing like it. A program that wants many durable events a second from them
/// gathers them itself, so they get 1,000 into each transaction.
constexpr std::uint64_t gathered = 1000;

class PipelinedWorkload final : public Workload {
 public:
  std::string_view name() const override { return "pipelined"; }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    Pipeline pipeline;  // Before the store, whose threads may still be in the last completion.
    auto store = open_written_store(options, context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1, 1, options.categories);
    const auto started = Clock::now();
    const Deadline deadline(options.seconds);
    while (!deadline.over() && !pipeline.failing()) {
      pipeline.wait_for_room();
      (*store)->append_async(next_request(streams, 1, data, options.tags),
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
    Measurement measurement = measured(engine_written(options), 1, pipeline.sent(), seconds,
                                       pipeline.latencies(), options);
    add_syncs(measurement, **store, seconds);
    return measurement;
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    std::vector<Measurement> all;
    if (!context.options.postgres.empty()) return all;
    for (const EventPeerKind& kind : event_peers(context.options)) {
      auto measurement = peer(context, kind);
      if (!measurement) return std::move(measurement).error();
      all.push_back(std::move(*measurement));
    }
    return all;
  }

 private:
  static Result<Measurement> peer(const Context& context, const EventPeerKind& kind) {
    const Options& options = context.options;
    auto peer = open_peer(kind, context.scratch.fresh(kind.engine));
    if (!peer) return std::move(peer).error();
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1, 1);
    std::vector<WrittenStreams::Place> places;
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(options.seconds);
    do {
      const auto batch = next_events(streams, gathered, data, options.tags, places);
      const auto before = Clock::now();
      if (auto done = (*peer)->append(batch); !done) return std::move(done).error();
      latencies.add(Clock::now() - before);
      events += gathered;
    } while (!deadline.over());
    Measurement measurement =
        measured(kind.engine, gathered, events, seconds_since(started), latencies, options);
    measurement.durability = kind.durability;
    return measurement;
  }

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
