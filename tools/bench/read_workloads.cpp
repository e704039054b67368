#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench_store.hpp"
#include "event_peer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t stream_events = 100;

/// The same events in all engines: streams of 100 events that were written by turns, ten events
/// at a time, as streams of a real store lie scattered over it. Made once, then only read.
class ReadWorkload : public Workload {
 public:
  bool writes() const override { return false; }

 protected:
  struct OpenPeer {
    EventPeerKind kind;
    std::unique_ptr<EventPeer> store;
  };

  Result<void> prepare(const Context& context) {
    if (store_) return {};
    constexpr std::uint64_t turn = 10;
    const Options& options = context.options;
    count_ = std::max<std::uint64_t>(options.events / stream_events, 1);
    event_bytes_ = options.event_bytes;
    const std::string data = payload(options.event_bytes);

    auto store = open_bench_store(context.scratch.fresh(std::string(name()) + "-annals"));
    if (!store) return std::move(store).error();
    std::vector<OpenPeer> peers;
    for (const EventPeerKind& kind : event_peers(options)) {
      auto peer = open_peer(kind, context.scratch.fresh(std::string(name()) + "-" + kind.engine));
      if (!peer) return std::move(peer).error();
      peers.push_back({kind, std::move(*peer)});
    }

    // As many streams a call as are different, so that each has one check.
    const std::uint64_t batch = turn * std::min<std::uint64_t>(count_, 100);
    const std::uint64_t all = count_ * stream_events;
    std::vector<WrittenStreams::Place> places;
    WrittenStreams streams(count_, 0, 1, turn);
    WrittenStreams peer_streams(count_, 0, 1, turn);
    for (std::uint64_t written = 0; written < all; written += batch) {
      const std::uint64_t now = std::min(batch, all - written);
      auto receipt = (*store)->append(next_request(streams, now, data, options.tags));
      if (!receipt) return std::move(receipt).error();
      const auto events = next_events(peer_streams, now, data, options.tags, places);
      for (const OpenPeer& peer : peers) {
        if (auto done = peer.store->append(events); !done) return std::move(done).error();
      }
    }
    store_ = std::move(*store);
    peers_ = std::move(peers);
    return {};
  }

  Measurement measured(std::string engine, std::uint64_t batch, std::uint64_t events,
                       double seconds, const Latencies& latencies) const {
    return {.engine = std::move(engine),
            .threads = 1,
            .batch = batch,
            .event_bytes = event_bytes_,
            .streams = count_,
            .events_per_second = static_cast<double>(events) / seconds,
            .p50_us = latencies.percentile(0.50),
            .p99_us = latencies.percentile(0.99)};
  }

  template <typename Measure>
  Result<std::vector<Measurement>> each_peer(const Measure& measure) {
    std::vector<Measurement> all;
    for (const OpenPeer& peer : peers_) {
      Result<Measurement> measurement = measure(peer);
      if (!measurement) return std::move(measurement).error();
      measurement->durability = peer.kind.durability;
      all.push_back(std::move(*measurement));
    }
    return all;
  }

  /// Streams in an order without order, the same in each run.
  std::string next_stream() {
    seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
    return "bench-" + std::to_string((seed_ >> 33) % count_);
  }

  std::unique_ptr<EventStore> store_;
  std::vector<OpenPeer> peers_;
  std::uint64_t count_ = 0;
  std::uint64_t event_bytes_ = 0;
  std::uint64_t seed_ = 1;
  std::uint64_t bytes_seen_ = 0;  ///< All engines touch what they read.
};

class LoadWorkload final : public ReadWorkload {
 public:
  std::string_view name() const override { return "load"; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "log", [this](const std::string& stream) -> Result<std::uint64_t> {
      auto events = read_all(*store_, {.query = Query::stream(stream)});
      if (!events) return std::move(events).error();
      for (const RecordedEvent& event : *events) bytes_seen_ += event.data.size();
      return events->size();
    });
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return each_peer([&](const OpenPeer& peer) {
      return loop(context, peer.kind.engine, [&](const std::string& stream) {
        return peer.store->load(stream, [this](std::string_view, std::string_view data) {
          bytes_seen_ += data.size();
        });
      });
    });
  }

 private:
  template <typename Load>
  Result<Measurement> loop(const Context& context, std::string engine, const Load& load) {
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const std::string stream = next_stream();
      const auto before = Clock::now();
      auto loaded = load(stream);
      latencies.add(Clock::now() - before);
      if (!loaded) return std::move(loaded).error();
      if (*loaded != stream_events) {
        return Error{.code = ErrorCode::corrupt,
                     .message = engine + " loaded " + std::to_string(*loaded) + " events of " +
                                stream + " instead of " + std::to_string(stream_events)};
      }
      events += *loaded;
    } while (!deadline.over());
    return measured(std::move(engine), stream_events, events, seconds_since(started), latencies);
  }
};

class ReplayWorkload final : public ReadWorkload {
 public:
  std::string_view name() const override { return "replay"; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "log", [this]() -> Result<std::uint64_t> {
      auto cursor = store_->read({});
      if (!cursor) return std::move(cursor).error();
      std::uint64_t events = 0;
      while (true) {
        auto run = (*cursor)->next();
        if (!run) return std::move(run).error();
        if (run->empty()) return events;
        for (const RecordedEvent& event : *run) bytes_seen_ += event.data.size();
        events += run->size();
      }
    });
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return each_peer([&](const OpenPeer& peer) {
      return loop(context, peer.kind.engine, [&] {
        return peer.store->replay(
            [this](std::string_view, std::string_view data) { bytes_seen_ += data.size(); });
      });
    });
  }

 private:
  template <typename Replay>
  Result<Measurement> loop(const Context& context, std::string engine, const Replay& replay) {
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      auto replayed = replay();
      latencies.add(Clock::now() - before);
      if (!replayed) return std::move(replayed).error();
      if (*replayed != count_ * stream_events) {
        return Error{.code = ErrorCode::corrupt,
                     .message = engine + " replayed " + std::to_string(*replayed) + " events"};
      }
      events += *replayed;
    } while (!deadline.over());
    return measured(std::move(engine), count_ * stream_events, events, seconds_since(started),
                    latencies);
  }
};

}  // namespace

std::unique_ptr<Workload> make_load() { return std::make_unique<LoadWorkload>(); }
std::unique_ptr<Workload> make_replay() { return std::make_unique<ReplayWorkload>(); }

}  // namespace annals::bench
