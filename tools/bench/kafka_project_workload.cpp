#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench_store.hpp"
#include "consumers.hpp"
#include "postgres_bench.hpp"
#include "read_model.hpp"
#include "running_relay.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint32_t partitions = 12;

/// Bookings of a topic projected into a new table in PostgreSQL by a group of consumers, from when
/// they have shared the partitions. The log itself is projected as often, in as many partitions as
/// there are consumers.
class KafkaProjectWorkload final : public Workload {
 public:
  explicit KafkaProjectWorkload(unsigned consumers)
      : name_("project-kafka-" + std::to_string(consumers)), consumers_(consumers) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    auto rows = open_postgres_read_model(context.options.postgres);
    if (!rows) return std::move(rows).error();
    auto consumers = Consumers::start(context, topic_, **rows, consumers_);
    if (!consumers) return std::move(consumers).error();
    if (auto shared = (*consumers)->until_shared(); !shared) return std::move(shared).error();
    const std::uint64_t before = (*consumers)->events_applied();
    const auto started = Clock::now();
    if (2 * before > context.options.events) {
      return Error{ErrorCode::invalid_argument,
                   "half of the events were projected before all consumers had partitions: give "
                   "more --events"};
    }
    if (auto done = (*consumers)->until(store_->head().position); !done) {
      return std::move(done).error();
    }
    return measured(context, "annals-kafka", context.options.events - before,
                    seconds_since(started));
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (!context.options.wants("annals-log")) return std::vector<Measurement>();
    auto rows = open_postgres_read_model(context.options.postgres);
    if (!rows) return std::move(rows).error();
    auto took = project_to_head(*store_, **rows, consumers_);
    if (!took) return std::move(took).error();
    return std::vector{measured(context, "annals-log", context.options.events, *took)};
  }

 private:
  Result<void> prepare(const Context& context) {
    if (store_) return {};
    auto store = open_bench_store(context.scratch.fresh(name_));
    if (!store) return std::move(store).error();
    Books books(context.options.streams);
    if (auto booked = books.book(**store, context.options.events); !booked) return booked;
    topic_ = new_bench_topic();
    auto relay = RunningRelay::start(**store, context,
                                     {.brokers = {}, .topic = topic_, .partitions = partitions});
    if (!relay) return std::move(relay).error();
    if (auto done = (*relay)->until_published((*store)->head().position); !done) return done;
    store_ = *std::move(store);
    relay_ = *std::move(relay);
    return {};
  }

  Measurement measured(const Context& context, std::string engine, std::uint64_t events,
                       double seconds) const {
    return {.engine = std::move(engine),
            .threads = consumers_,
            .batch = 1,
            .event_bytes = event_of(Books(1).next()).data.size(),
            .streams = context.options.streams,
            .events_per_second = static_cast<double>(events) / seconds,
            .durability = "synced"};
  }

  const std::string name_;
  const unsigned consumers_;
  std::unique_ptr<EventStore> store_;
  std::string topic_;
  std::unique_ptr<RunningRelay> relay_;  ///< Its watermarks say where partitions end.
};

}  // namespace

std::unique_ptr<Workload> make_kafka_project(unsigned consumers) {
  return std::make_unique<KafkaProjectWorkload>(consumers);
}

}  // namespace annals::bench
