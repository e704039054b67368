#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench_store.hpp"
#include "callers.hpp"
#include "event_peer.hpp"
#include "postgres_bench.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// Who appends how much at a time.
struct Shape {
  std::string name;
  unsigned threads = 1;
  std::uint64_t batch = 1;        ///< Events a call.
  std::uint64_t run = 1;          ///< Of them to one stream.
  std::uint64_t event_bytes = 0;  ///< 0: as the options say.
};

class AppendWorkload final : public Workload {
 public:
  explicit AppendWorkload(Shape shape) : shape_(std::move(shape)) {}

  std::string_view name() const override { return shape_.name; }
  bool writes() const override { return true; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    auto store = open_written_store(options, context.scratch.fresh("annals"));
    if (!store) return std::move(store).error();
    const std::string data = payload(event_bytes(options));
    auto report = run_callers(shape_.threads, options.seconds, [&](unsigned index) {
      return [&, streams = written(options, index)]() mutable {
        auto receipt = (*store)->append(next_request(streams, shape_.batch, data, options.tags));
        return receipt ? Result<void>() : Result<void>(std::move(receipt).error());
      };
    });
    if (!report) return std::move(report).error();
    Measurement measurement = measured(engine_written(options), *report, options);
    add_syncs(measurement, **store, report->seconds);
    return measurement;
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    std::vector<Measurement> all;
    if (!context.options.postgres.empty()) {
      if (shape_.batch > 1) return all;  // They take one event at a time.
      for (const char* engine : {"category-lock", "message-db"}) {
        const bool message_db = engine == std::string_view("message-db");
        if (!context.options.wants(engine)) continue;
        if (message_db && context.options.message_db.empty()) continue;
        auto peer = message_db ? open_message_db_peer(context.options.message_db)
                               : open_category_lock_peer(context.options.postgres);
        if (!peer) return std::move(peer).error();
        auto measurement = by_peer(context.options, **peer, engine, "synced");
        if (!measurement) return std::move(measurement).error();
        all.push_back(std::move(*measurement));
      }
      return all;
    }
    for (const EventPeerKind& kind : event_peers(context.options)) {
      auto measurement = peer(context, kind);
      if (!measurement) return std::move(measurement).error();
      all.push_back(std::move(*measurement));
    }
    return all;
  }

 private:
  Result<Measurement> peer(const Context& context, const EventPeerKind& kind) const {
    auto peer = open_peer(kind, context.scratch.fresh(kind.engine));
    if (!peer) return std::move(peer).error();
    return by_peer(context.options, **peer, kind.engine, kind.durability);
  }

  Result<Measurement> by_peer(const Options& options, EventPeer& peer, const char* engine,
                              const char* durability) const {
    const std::string data = payload(event_bytes(options));
    auto report = run_callers(shape_.threads, options.seconds, [&](unsigned index) {
      return [&, streams = written(options, index),
              places = std::vector<WrittenStreams::Place>()]() mutable {
        return peer.append(next_events(streams, shape_.batch, data, options.tags, places));
      };
    });
    if (!report) return std::move(report).error();
    Measurement measurement = measured(engine, *report, options);
    measurement.durability = durability;
    return measurement;
  }

  std::uint64_t event_bytes(const Options& options) const {
    return shape_.event_bytes > 0 ? shape_.event_bytes : options.event_bytes;
  }
  /// Each caller has streams of its own.
  std::uint64_t streams(const Options& options) const {
    return std::max<std::uint64_t>(options.streams, shape_.threads);
  }
  WrittenStreams written(const Options& options, unsigned index) const {
    // An append has one check a stream, so a caller with few streams writes more to each.
    const bool few = streams(options) / shape_.threads < shape_.batch / shape_.run;
    return {streams(options), index, shape_.threads, few ? shape_.batch : shape_.run,
            options.categories};
  }

  Measurement measured(std::string engine, const CallersReport& report,
                       const Options& options) const {
    return {.engine = std::move(engine),
            .threads = shape_.threads,
            .batch = shape_.batch,
            .event_bytes = event_bytes(options),
            .streams = streams(options),
            .events_per_second = static_cast<double>(report.calls * shape_.batch) / report.seconds,
            .p50_us = report.latencies.percentile(0.50),
            .p99_us = report.latencies.percentile(0.99)};
  }

  Shape shape_;
};

}  // namespace

std::unique_ptr<Workload> make_append(unsigned threads) {
  return std::make_unique<AppendWorkload>(
      Shape{.name = "append-" + std::to_string(threads), .threads = threads});
}

std::unique_ptr<Workload> make_bulk() {
  return std::make_unique<AppendWorkload>(
      Shape{.name = "bulk", .threads = 4, .batch = 1000, .run = 10});
}

std::unique_ptr<Workload> make_large() {
  return std::make_unique<AppendWorkload>(
      Shape{.name = "large", .threads = 4, .batch = 64, .run = 4, .event_bytes = 16 * 1024});
}

}  // namespace annals::bench
