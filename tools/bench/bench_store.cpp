#include "bench_store.hpp"

#include <utility>

#include <annals/eventstore/log_event_store.hpp>

namespace annals::bench {

Result<std::unique_ptr<EventStore>> open_bench_store(const std::filesystem::path& folder) {
  LogOptions options;
  options.path = folder.string();
  return open_log_event_store(std::move(options));
}

std::string payload(std::size_t bytes) {
  std::string text = R"({"note":")";
  constexpr std::size_t ending = 2;
  while (text.size() + ending < bytes) text += static_cast<char>('a' + text.size() % 26);
  return text + "\"}";
}

WrittenStreams::WrittenStreams(std::uint64_t count, unsigned index, unsigned callers) {
  for (std::uint64_t i = index; i < count; i += callers) {
    names_.push_back("bench-" + std::to_string(i));
  }
  versions_.resize(names_.size());
}

WrittenStreams::Place WrittenStreams::take(std::uint64_t events) {
  const std::size_t i = turn_;
  turn_ = turn_ + 1 == names_.size() ? 0 : turn_ + 1;
  const Place place{&names_[i], versions_[i]};
  versions_[i] += events;
  return place;
}

void add_events(AppendRequest& request, const WrittenStreams::Place& place, std::uint64_t count,
                const std::string& data, std::uint32_t tags) {
  for (std::uint64_t i = 0; i < count; ++i) {
    NewEvent event{.stream = *place.stream, .type = "note_taken", .data = data};
    for (std::uint32_t tag = 0; tag < tags; ++tag) {
      // The first tag has many values, as a customer's number would; the others few.
      event.tags.push_back(tag == 0 ? "of:" + *place.stream : "group:" + std::to_string(tag));
    }
    request.events.push_back(std::move(event));
  }
  const auto expected = place.version == 0
                            ? ExpectedVersion::no_stream()
                            : ExpectedVersion::exactly(StreamVersion{place.version - 1});
  request.checks.push_back({*place.stream, expected});
}

void add_syncs(Measurement& measurement, const EventStore& store, double seconds) {
  const Stats stats = store.stats();
  if (stats.groups_synced == 0) return;
  measurement.syncs_per_second = static_cast<double>(stats.groups_synced) / seconds;
  measurement.bytes_per_sync =
      static_cast<double>(stats.bytes) / static_cast<double>(stats.groups_synced);
}

}  // namespace annals::bench
