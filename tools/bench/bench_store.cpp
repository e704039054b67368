#include "bench_store.hpp"

#include <utility>

#include <annals/eventstore/log_event_store.hpp>

#include "postgres_bench.hpp"

namespace annals::bench {

Result<std::unique_ptr<EventStore>> open_bench_store(const std::filesystem::path& folder) {
  LogOptions options;
  options.path = folder.string();
  return open_log_event_store(std::move(options));
}

Result<std::shared_ptr<EventStore>> open_written_store(const Options& options,
                                                       const std::filesystem::path& folder) {
  if (!options.postgres.empty()) return open_postgres_bench_store(options.postgres);
  auto store = open_bench_store(folder);
  if (!store) return std::move(store).error();
  return std::shared_ptr<EventStore>(std::move(*store));
}

std::string payload(std::size_t bytes) {
  std::string text = R"({"note":")";
  constexpr std::size_t ending = 2;
  while (text.size() + ending < bytes) text += static_cast<char>('a' + text.size() % 26);
  return text + "\"}";
}

WrittenStreams::WrittenStreams(std::uint64_t count, unsigned index, unsigned callers,
                               std::uint64_t run, std::uint64_t categories)
    : own_((count - index + callers - 1) / callers),
      index_(index),
      callers_(callers),
      run_(run),
      categories_(categories) {}

WrittenStreams::Place WrittenStreams::take() {
  const std::uint64_t number = index_ + turn_ % own_ * callers_;
  const std::uint64_t version = turn_ / own_ * run_;
  ++turn_;
  const std::string category = categories_ > 1 ? std::to_string(number % categories_) : "";
  return {"bench" + category + "-" + std::to_string(number), version};
}

std::vector<std::string> tags_of(std::string_view stream, std::uint32_t tags) {
  std::vector<std::string> all;
  all.reserve(tags);
  for (std::uint32_t tag = 0; tag < tags; ++tag) {
    all.push_back(tag == 0 ? "of:" + std::string(stream) : "group:" + std::to_string(tag));
  }
  return all;
}

AppendRequest next_request(WrittenStreams& streams, std::uint64_t batch, const std::string& data,
                           std::uint32_t tags) {
  AppendRequest request;
  request.events.reserve(batch);
  for (std::uint64_t i = 0; i < batch; i += streams.run()) {
    add_events(request, streams.take(), streams.run(), data, tags);
  }
  return request;
}

std::vector<PeerEvent> next_events(WrittenStreams& streams, std::uint64_t batch,
                                   const std::string& data, std::uint32_t tags,
                                   std::vector<WrittenStreams::Place>& places) {
  std::vector<PeerEvent> events;
  events.reserve(batch);
  places.clear();
  places.reserve(batch);  // So that names stay where they are.
  for (std::uint64_t i = 0; i < batch; i += streams.run()) {
    const WrittenStreams::Place& place = places.emplace_back(streams.take());
    for (std::uint64_t v = 0; v < streams.run(); ++v) {
      events.push_back(
          {place.stream, place.version + v, "note_taken", data, tags_of(place.stream, tags)});
    }
  }
  return events;
}

void add_events(AppendRequest& request, const WrittenStreams::Place& place, std::uint64_t count,
                const std::string& data, std::uint32_t tags) {
  for (std::uint64_t i = 0; i < count; ++i) {
    request.events.push_back({.stream = place.stream,
                              .type = "note_taken",
                              .data = data,
                              .tags = tags_of(place.stream, tags)});
  }
  const auto expected = place.version == 0
                            ? ExpectedVersion::no_stream()
                            : ExpectedVersion::exactly(StreamVersion{place.version - 1});
  request.checks.push_back({place.stream, expected});
}

void add_syncs(Measurement& measurement, const EventStore& store, double seconds) {
  const Stats stats = store.stats();
  if (stats.groups_synced == 0) return;
  measurement.syncs_per_second = static_cast<double>(stats.groups_synced) / seconds;
  measurement.bytes_per_sync =
      static_cast<double>(stats.bytes) / static_cast<double>(stats.groups_synced);
}

}  // namespace annals::bench
