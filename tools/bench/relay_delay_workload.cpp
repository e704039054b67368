#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench_store.hpp"
#include "rdkafka_client.hpp"
#include "running_relay.hpp"
#include "steady_writer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint32_t topic_partitions = 12;

/// When the append of each position was answered.
class Answers {
 public:
  explicit Answers(std::uint64_t positions) : at_(positions + 1) {}

  void note(GlobalPosition position) {
    if (position.value < at_.size()) at_[position.value] = Clock::now().time_since_epoch().count();
  }
  /// What is read before its append has returned had no delay.
  Clock::duration since(GlobalPosition position, Clock::time_point now) const {
    if (position.value >= at_.size()) return {};
    const Clock::rep at = at_[position.value];
    if (at == 0) return {};
    return std::max(Clock::duration::zero(), now.time_since_epoch() - Clock::duration(at));
  }

 private:
  std::vector<std::atomic<Clock::rep>> at_;
};

/// Appends of one event at a steady pace: how long from the return of each until a consumer of the
/// topic has its record.
class RelayDelayWorkload final : public Workload {
 public:
  explicit RelayDelayWorkload(std::uint32_t per_second)
      : name_("relay-delay-" + std::to_string(per_second)), per_second_(per_second) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    Answers answers(static_cast<std::uint64_t>((options.seconds + 10) * per_second_));
    auto opened = open_bench_store(context.scratch.fresh(name_));
    if (!opened) return std::move(opened).error();
    EventStore& store = **opened;
    const std::string topic = new_bench_topic();
    auto relay = RunningRelay::start(
        store, context, {.brokers = {}, .topic = topic, .partitions = topic_partitions});
    if (!relay) return std::move(relay).error();
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1, 1, options.categories);
    const auto append = [&]() -> Result<void> {
      store.append_async(next_request(streams, 1, data, options.tags),
                         [&answers](Result<Receipt> receipt) {
                           if (receipt) answers.note(receipt->last_position);
                         });
      return {};
    };
    // The topic is made, and its first records have come, before the time begins.
    for (std::uint32_t i = 0; i < topic_partitions; ++i) static_cast<void>(append());
    if (auto ready = (*relay)->until_published({topic_partitions}); !ready) {
      return std::move(ready).error();
    }
    auto consumer = BareConsumer::open(options.kafka, topic, topic_partitions);
    if (!consumer) return std::move(consumer).error();

    SteadyWriter writer(per_second_, append);
    Latencies latencies;
    const Deadline deadline(options.seconds);
    Result<double> rate = 0.0;
    bool stopped = false;
    GlobalPosition seen;
    while (!stopped || seen < store.head().position) {
      if (!stopped && deadline.over()) {
        rate = writer.stop();
        stopped = true;
      }
      if (interrupted()) break;
      auto record = (*consumer)->next();
      if (!record) return std::move(record).error();
      if (!*record) continue;
      const auto now = Clock::now();
      const GlobalPosition position{(*record)->number("annals-position")};
      seen = std::max(seen, position);
      if ((*record)->key.empty() || position.value <= topic_partitions) continue;
      latencies.add(answers.since(position, now));
    }
    if (!rate) return std::move(rate).error();
    return Measurement{.engine = "annals-relay",
                       .threads = 1,
                       .batch = 1,
                       .event_bytes = options.event_bytes,
                       .streams = options.streams,
                       .events_per_second = *rate,
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99),
                       .durability = "acks=all"};
  }

  Result<std::vector<Measurement>> peers(const Context&) override {
    return std::vector<Measurement>();
  }

 private:
  const std::string name_;
  const std::uint32_t per_second_;
};

}  // namespace

std::unique_ptr<Workload> make_relay_delay(std::uint32_t per_second) {
  return std::make_unique<RelayDelayWorkload>(per_second);
}

}  // namespace annals::bench
