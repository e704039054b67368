#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <annals/eventstore/log_compression.hpp>
#include <annals/eventstore/log_event_store.hpp>

#include "books.hpp"
#include "page_cache.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t account_events = 100;
/// So that many are complete, and can be compressed.
constexpr std::uint64_t segment_bytes = std::uint64_t{4} * 1024 * 1024;
/// Of a store that was just opened with nothing in memory.
constexpr unsigned reads = 100;
/// Before them, so that the index is in memory: what is measured are the segments.
constexpr unsigned reads_before = 40;

/// Reads bookings that are not in memory, from complete segments.
class ColdWorkload final : public Workload {
 public:
  ColdWorkload(Cold cold, bool packed)
      : name_(std::string(cold == Cold::event ? "cold-1" : "cold-100") + (packed ? "-packed" : "")),
        cold_(cold),
        packed_(packed) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }
  Result<std::vector<Measurement>> peers(const Context&) override {
    return std::vector<Measurement>();
  }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    Latencies latencies;
    std::uint64_t events = 0;
    double seconds = 0;
    const Deadline deadline(context.options.seconds);
    do {
      drop_from_page_cache(options_.path);
      LogOptions options = options_;
      options.access = LogOptions::Access::read_only;
      const auto store = open_log_event_store(options);
      if (!store) return store.error();
      for (unsigned i = 0; i < reads_before; ++i) {
        const std::uint64_t at = 1 + i * events_ / reads_before;
        if (auto read = count(**store, one_at(at)); !read) return std::move(read).error();
      }
      for (unsigned i = 0; i < reads; ++i) {
        const auto before = Clock::now();
        auto read = count(**store, cold_ == Cold::event ? one_at(1 + any(events_)) : account());
        latencies.add(Clock::now() - before);
        if (!read) return std::move(read).error();
        seconds += seconds_since(before);
        events += *read;
      }
    } while (!deadline.over());
    return Measurement{.engine = "log",
                       .batch = cold_ == Cold::event ? 1 : account_events,
                       .event_bytes = bytes_seen_ / events_seen_,
                       .streams = events_ / account_events,
                       .events_per_second = static_cast<double>(events) / seconds,
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99)};
  }

 private:
  Result<void> prepare(const Context& context) {
    if (events_ > 0) return {};
    options_.path = context.scratch.fresh(name_).string();
    options_.segment_bytes = segment_bytes;
    options_.block_cache_bytes = 0;  // Every read is a first one.
    const std::uint64_t accounts = std::max<std::uint64_t>(context.options.events / 100, 1);
    {
      auto store = open_log_event_store(options_);
      if (!store) return std::move(store).error();
      if (auto booked = Books(accounts).book(**store, accounts * account_events); !booked) {
        return booked;
      }
    }
    if (packed_) {
      const auto report = compress_log(options_);
      if (!report) return report.error();
      std::printf("%s: ratio %.2f\n", name_.c_str(),
                  static_cast<double>(report->bytes) / static_cast<double>(report->file_bytes));
    }
    events_ = accounts * account_events;
    return {};
  }

  static ReadOptions one_at(std::uint64_t position) {
    return {.start = Start::from(GlobalPosition{position}), .limit = 1};
  }
  /// All of one account, which lie scattered over the log.
  ReadOptions account() {
    return {.query = Query::stream("account-" + std::to_string(any(events_ / account_events)))};
  }
  std::uint64_t any(std::uint64_t end) {
    seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
    return (seed_ >> 33) % end;
  }

  Result<std::uint64_t> count(const EventStore& store, const ReadOptions& options) {
    auto events = read_all(store, options);
    if (!events) return std::move(events).error();
    for (const RecordedEvent& event : *events) bytes_seen_ += event.data.size();
    events_seen_ += events->size();
    return std::uint64_t{events->size()};
  }

  const std::string name_;
  const Cold cold_;
  const bool packed_;
  LogOptions options_;
  std::uint64_t events_ = 0;
  std::uint64_t events_seen_ = 0;
  std::uint64_t bytes_seen_ = 0;
  std::uint64_t seed_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_cold(Cold cold, bool packed) {
  return std::make_unique<ColdWorkload>(cold, packed);
}

}  // namespace annals::bench
