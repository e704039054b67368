#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <annals/relay/partitioner.hpp>

#include "bench_store.hpp"
#include "consumers.hpp"
#include "postgres_bench.hpp"
#include "read_model.hpp"
#include "running_relay.hpp"
#include "steady_writer.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint32_t partitions = 12;

/// Appends that were answered and whose rows were not seen yet, of each partition in their order.
class Unseen {
 public:
  void answered(std::uint32_t partition, GlobalPosition position) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    waiting_[partition].push_back({position, now});
  }
  /// The rows of a partition were seen up to a position.
  void seen(std::uint32_t partition, GlobalPosition position, Clock::time_point now,
            Latencies& latencies) {
    const std::lock_guard lock(mutex_);
    auto& waiting = waiting_[partition];
    while (!waiting.empty() && waiting.front().position <= position) {
      latencies.add(now - waiting.front().at);
      waiting.pop_front();
      ++count_;
    }
  }
  std::uint64_t count() const { return count_; }

 private:
  struct Append {
    GlobalPosition position;
    Clock::time_point at;
  };
  std::mutex mutex_;
  std::vector<std::deque<Append>> waiting_{partitions};  // Guarded by mutex_.
  std::uint64_t count_ = 0;  ///< That were seen; of the thread that looks.
};

/// Bookings at a steady pace: how long from the return of each append until its row can be read in
/// PostgreSQL, by way of relay, topic and a consumer. A checkpoint commits with the rows, so the
/// checkpoints are looked at, every millisecond.
class VisibleWorkload final : public Workload {
 public:
  explicit VisibleWorkload(std::uint32_t per_second)
      : name_("visible-" + std::to_string(per_second)), per_second_(per_second) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    const Options& options = context.options;
    Unseen unseen;  // The store's answers go there until it ends.
    auto store = open_bench_store(context.scratch.fresh(name_));
    if (!store) return std::move(store).error();
    auto rows = open_postgres_read_model(options.postgres);
    if (!rows) return std::move(rows).error();
    const std::string topic = new_bench_topic();
    auto relay = RunningRelay::start(**store, context,
                                     {.brokers = {}, .topic = topic, .partitions = partitions});
    if (!relay) return std::move(relay).error();
    // All rows are there, and all that is on the way runs, before the time begins.
    Books books(options.streams);
    if (auto booked = books.book(**store, books.accounts()); !booked) {
      return std::move(booked).error();
    }
    const GlobalPosition before = (*store)->head().position;
    if (auto ready = (*relay)->until_published(before); !ready) return std::move(ready).error();
    auto consumers = Consumers::start(context, topic, **rows, 1);
    if (!consumers) return std::move(consumers).error();
    if (auto ready = (*consumers)->until(before); !ready) return std::move(ready).error();

    SteadyWriter writer(per_second_, [&]() -> Result<void> {
      const Books::Booking booking = books.next();
      AppendRequest request{.events = {event_of(booking)},
                            .checks = {{booking.stream, ExpectedVersion::any()}}};
      (*store)->append_async(std::move(request),
                             [&unseen, partition = partition_of(booking.stream, partitions)](
                                 const Result<Receipt>& receipt) {
                               if (receipt) unseen.answered(partition, receipt->last_position);
                             });
      return {};
    });
    return watch(context, writer, unseen, **store, **rows, before);
  }

  Result<std::vector<Measurement>> peers(const Context&) override {
    return std::vector<Measurement>();
  }

 private:
  Result<Measurement> watch(const Context& context, SteadyWriter& writer, Unseen& unseen,
                            const EventStore& store, const ReadModelStore& rows,
                            GlobalPosition before) const {
    Latencies latencies;
    const Deadline over(context.options.seconds);
    const Deadline longest(context.options.seconds + 60);
    Result<double> rate = 0.0;
    bool stopped = false;
    while (!stopped || before.value + unseen.count() < store.head().position.value) {
      if (!stopped && over.over()) {
        rate = writer.stop();
        stopped = true;
      }
      if (longest.over()) {
        return Error{ErrorCode::timeout, "what was appended does not become visible"};
      }
      const auto records = rows.records();
      if (!records) return records.error();
      const auto now = Clock::now();
      for (const CheckpointRecord& record : *records) {
        unseen.seen(record.partition.index, record.position(), now, latencies);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!rate) return std::move(rate).error();
    return Measurement{.engine = "annals-kafka",
                       .threads = 1,
                       .batch = 1,
                       .event_bytes = event_of(Books(1).next()).data.size(),
                       .streams = context.options.streams,
                       .events_per_second = *rate,
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99),
                       .durability = "synced"};
  }

  const std::string name_;
  const std::uint32_t per_second_;
};

}  // namespace

std::unique_ptr<Workload> make_visible(std::uint32_t per_second) {
  return std::make_unique<VisibleWorkload>(per_second);
}

}  // namespace annals::bench
