#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench_store.hpp"
#include "cpu_time.hpp"
#include "pipeline.hpp"
#include "rdkafka_client.hpp"
#include "running_relay.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// A log of --events appends of one event goes out to a new topic, from the first contact to the
/// last acknowledgement.
class RelayWorkload final : public Workload {
 public:
  explicit RelayWorkload(std::uint32_t partitions)
      : name_("relay-" + std::to_string(partitions)), partitions_(partitions) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    const std::string topic = new_bench_topic();
    const auto started = Clock::now();
    const double cpu_before = cpu_seconds();
    auto relay = RunningRelay::start(*store_, context,
                                     {.brokers = {}, .topic = topic, .partitions = partitions_});
    if (!relay) return std::move(relay).error();
    auto done = (*relay)->until_published(store_->head().position);
    if (!done) return std::move(done).error();
    const Cost cost{seconds_since(started), cpu_seconds() - cpu_before};
    if (!like_) {
      auto first = first_event(context.options.kafka, topic);
      if (!first) return std::move(first).error();
      like_ = *std::move(first);
    }
    return measured(context, "annals-relay", cost);
  }

  /// The same records without a log to read: their sizes and headers are those of a record that
  /// the relay has produced.
  Result<std::vector<Measurement>> peers(const Context& context) override {
    const Options& options = context.options;
    std::vector<Measurement> all;
    if (options.wants("librdkafka")) {
      const double cpu_before = cpu_seconds();
      WrittenStreams streams(options.streams, 0, 1, 1, options.categories);
      auto seconds =
          produce_bare(options.kafka, new_bench_topic(), partitions_, *like_, options.events,
                       [&](std::uint64_t) { return streams.take().stream; });
      if (!seconds) return std::move(seconds).error();
      all.push_back(measured(context, "librdkafka", {*seconds, cpu_seconds() - cpu_before}));
    }
    if (options.wants("rdkafka-performance") && !options.rdkafka_performance.empty()) {
      const double cpu_before = cpu_seconds();
      auto seconds =
          produce_by_its_benchmark(options.rdkafka_performance, options.kafka, new_bench_topic(),
                                   partitions_, *like_, options.events);
      if (!seconds) return std::move(seconds).error();
      all.push_back(
          measured(context, "rdkafka-performance", {*seconds, cpu_seconds() - cpu_before}));
    }
    return all;
  }

 private:
  Result<void> prepare(const Context& context) {
    if (store_) return {};
    auto store = open_bench_store(context.scratch.fresh(name_));
    if (!store) return std::move(store).error();
    store_ = *std::move(store);
    const Options& options = context.options;
    const std::string data = payload(options.event_bytes);
    WrittenStreams streams(options.streams, 0, 1, 1, options.categories);
    Pipeline pipeline;
    for (std::uint64_t i = 0; i < options.events && !pipeline.failing(); ++i) {
      pipeline.wait_for_room();
      store_->append_async(next_request(streams, 1, data, options.tags),
                           [&pipeline, sent = Clock::now()](Result<Receipt> receipt) {
                             if (receipt) {
                               pipeline.answered(sent);
                             } else {
                               pipeline.failed(std::move(receipt).error(), sent);
                             }
                           });
    }
    pipeline.wait_for_all();
    if (pipeline.failure()) return *pipeline.failure();
    return {};
  }

  Result<KafkaRecord> first_event(const std::string& brokers, const std::string& topic) const {
    auto consumer = BareConsumer::open(brokers, topic, partitions_);
    if (!consumer) return std::move(consumer).error();
    const Deadline deadline(30);
    while (!deadline.over()) {
      auto record = (*consumer)->next();
      if (!record) return std::move(record).error();
      if (*record && !(*record)->key.empty()) {  // A watermark has none.
        return **std::move(record);
      }
    }
    return Error{ErrorCode::timeout, "topic " + topic + " shows no event"};
  }

  struct Cost {
    double seconds;
    double cpu_seconds;
  };
  Measurement measured(const Context& context, std::string engine, Cost cost) const {
    const auto events = static_cast<double>(context.options.events);
    return {.engine = std::move(engine),
            .threads = 1,
            .batch = 1,
            .event_bytes = context.options.event_bytes,
            .streams = context.options.streams,
            .events_per_second = events / cost.seconds,
            .cpu_us_per_event = cost.cpu_seconds / events * 1e6,
            .durability = "acks=all"};
  }

  const std::string name_;
  const std::uint32_t partitions_;
  std::unique_ptr<EventStore> store_;
  std::optional<KafkaRecord> like_;
};

}  // namespace

std::unique_ptr<Workload> make_relay_to_kafka(std::uint32_t partitions) {
  return std::make_unique<RelayWorkload>(partitions);
}

}  // namespace annals::bench
