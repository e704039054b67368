#include "growth.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench_store.hpp"
#include "event_peer.hpp"
#include "ingest.hpp"
#include "page_cache.hpp"
#include "raw_disk.hpp"
#include "report.hpp"

namespace annals::bench {

namespace {

namespace fs = std::filesystem;

constexpr unsigned reads = 200;
constexpr std::uint64_t last_events = 10;

/// An open store of any engine: reads the last events of a stream, and is closed by its end.
using ReadLastTen = std::function<Result<std::uint64_t>(const std::string& stream)>;

struct Engine {
  std::string name;
  std::string durability;
  std::function<Result<ReadLastTen>(const fs::path& folder)> open;
};

Result<ReadLastTen> open_log(const fs::path& folder) {
  auto opened = open_bench_store(folder);
  if (!opened) return std::move(opened).error();
  return ReadLastTen([store = std::shared_ptr<EventStore>(std::move(*opened))](
                         const std::string& stream) -> Result<std::uint64_t> {
    auto events = read_all(
        *store,
        {.query = Query::stream(stream), .direction = Direction::backward, .limit = last_events});
    if (!events) return std::move(events).error();
    return events->size();
  });
}

std::vector<Engine> engines(const Options& options) {
  std::vector<Engine> all{{"log", "synced", open_log}};
  for (const EventPeerKind& kind : event_peers(options)) {
    all.push_back(
        {kind.engine, kind.durability, [kind](const fs::path& folder) -> Result<ReadLastTen> {
           auto opened = open_peer(kind, folder);
           if (!opened) return std::move(opened).error();
           return ReadLastTen(
               [peer = std::shared_ptr<EventPeer>(std::move(*opened))](const std::string& stream) {
                 return peer->load_last(stream, last_events, [](auto, auto) {});
               });
         }});
  }
  return all;
}

/// One engine's store, as large as it is now.
class Grown {
 public:
  Grown(const Options& options, Engine engine, fs::path folder)
      : options_(options), engine_(std::move(engine)), folder_(std::move(folder)) {}

  const Engine& engine() const { return engine_; }
  Result<Ingested> grow_to(std::uint64_t events) {
    auto ingested = ingest_and_kill(
        options_, {.engine = engine_.name, .store = folder_, .from = events_, .to = events});
    events_ = events;
    return ingested;
  }

  /// Milliseconds until an open store has given its first answer. Leaves it closed.
  Result<double> open_ms() {
    const std::string stream = any_stream();
    const auto started = Clock::now();
    auto store = engine_.open(folder_);
    if (!store) return std::move(store).error();
    if (auto read = checked(*store, stream); !read) return std::move(read).error();
    return seconds_since(started) * 1000;
  }

  /// Reads the last events of streams anywhere. The store is opened for it.
  Result<Latencies> read_last() {
    auto store = engine_.open(folder_);
    if (!store) return std::move(store).error();
    Latencies latencies;
    for (unsigned i = 0; i < reads; ++i) {
      const std::string stream = any_stream();
      const auto before = Clock::now();
      if (auto read = checked(*store, stream); !read) return std::move(read).error();
      latencies.add(Clock::now() - before);
    }
    return latencies;
  }

  void drop_cache() const { drop_from_page_cache(folder_); }

  /// Removes what the log engine can make anew.
  void remove_caches() const {
    std::error_code ignored;
    fs::remove(folder_ / "heads", ignored);
    for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
      if (entry.path().extension() == ".index") fs::remove(entry.path(), ignored);
    }
  }

 private:
  std::string any_stream() {
    seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t written = std::min(options_.streams, events_ / ingest_run(options_));
    return "bench-" + std::to_string((seed_ >> 33) % written);
  }

  Result<void> checked(const ReadLastTen& store, const std::string& stream) const {
    auto count = store(stream);
    if (!count) return std::move(count).error();
    if (*count == last_events) return {};
    return Error{.code = ErrorCode::corrupt,
                 .message = engine_.name + " has " + std::to_string(*count) + " events of " +
                            stream + " instead of " + std::to_string(last_events)};
  }

  const Options& options_;
  Engine engine_;
  fs::path folder_;
  std::uint64_t events_ = 0;
  std::uint64_t seed_ = 1;
};

Result<GrowthRow> measure(const Options& options, Grown& store, std::uint64_t events,
                          std::uint64_t from, const fs::path& raw_file) {
  GrowthRow row{
      .engine = store.engine().name, .durability = store.engine().durability, .events = events};
  auto ingested = store.grow_to(events);
  if (!ingested) return std::move(ingested).error();
  row.ingested = std::move(*ingested);
  row.events_per_second = static_cast<double>(events - from) / row.ingested.seconds;
  auto raw = measure_raw_disk(
      raw_file, static_cast<std::uint64_t>(std::max(row.ingested.bytes_per_sync, 4096.0)),
      options.seconds / 2);
  if (!raw) return std::move(raw).error();
  row.raw = *raw;

  auto opened = store.open_ms();
  if (!opened) return std::move(opened).error();
  row.open_killed_ms = *opened;
  std::vector<double> clean;
  for (unsigned run = 0; run < options.runs; ++run) {
    opened = store.open_ms();
    if (!opened) return std::move(opened).error();
    clean.push_back(*opened);
  }
  row.open_clean_ms = median(std::move(clean));
  auto warm = store.read_last();
  if (warm) warm = store.read_last();
  if (!warm) return std::move(warm).error();
  row.warm_p50_us = warm->percentile(0.50);
  row.warm_p99_us = warm->percentile(0.99);

  store.drop_cache();
  opened = store.open_ms();
  if (!opened) return std::move(opened).error();
  row.open_cold_ms = *opened;
  store.drop_cache();
  auto cold = store.read_last();
  if (!cold) return std::move(cold).error();
  row.cold_p50_us = cold->percentile(0.50);
  row.cold_p99_us = cold->percentile(0.99);

  if (row.engine == "log") {
    store.remove_caches();
    opened = store.open_ms();
    if (!opened) return std::move(opened).error();
    row.open_rebuilt_ms = *opened;
  }
  return row;
}

}  // namespace

Result<void> measure_growth(const Options& options, const ScratchFolder& scratch) {
  std::vector<std::uint64_t> sizes = options.sizes;
  if (sizes.empty()) sizes = {options.events, options.events * 5};
  // Each caller makes whole calls.
  constexpr std::uint64_t step = ingest_callers * ingest_batch;
  for (std::uint64_t& size : sizes) size = (size + step - 1) / step * step;

  std::vector<Grown> stores;
  for (Engine& engine : engines(options)) {
    const std::string name = "growth-" + engine.name;
    stores.emplace_back(options, std::move(engine), scratch.fresh(name));
  }
  print_growth_title();
  std::uint64_t from = 0;
  for (const std::uint64_t size : sizes) {
    if (size == from) continue;
    for (Grown& store : stores) {
      if (interrupted()) return {};
      auto row = measure(options, store, size, from, scratch.path() / "raw");
      if (!row) return std::move(row).error();
      print_growth_row(*row);
      auto kept = append_to_file(options.out, growth_lines(*row, options));
      if (!kept) return kept;
    }
    from = size;
  }
  return {};
}

}  // namespace annals::bench
