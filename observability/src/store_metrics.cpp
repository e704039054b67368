#include "store_metrics.hpp"

#include <array>

namespace annals::internal {

namespace {

using enum MetricType;

template <typename Value>
struct OfStats {
  MetricFamily<1> family;
  Value (*value)(const Stats&);
};
using Count = OfStats<std::uint64_t>;

// What the store holds, as of this moment.
constexpr std::array<Count, 9> held{{
    {{"annals_store_head_position",
      gauge,
      "Position of the last event that is durable and visible",
      {"store"}},
     [](const Stats& s) { return s.head.position.value; }},
    {{"annals_store_era", gauge, "The store's present era", {"store"}},
     [](const Stats& s) { return s.eras.empty() ? 0 : std::uint64_t{s.eras.back().era.value}; }},
    {{"annals_store_streams", gauge, "Streams that have events", {"store"}},
     [](const Stats& s) { return s.streams; }},
    {{"annals_store_appends", gauge, "Appends in the log", {"store"}},
     [](const Stats& s) { return s.appends; }},
    {{"annals_store_segments", gauge, "Files of the log", {"store"}},
     [](const Stats& s) { return s.segments; }},
    {{"annals_store_packed_segments", gauge, "Files of the log that are compressed", {"store"}},
     [](const Stats& s) { return s.segments_packed; }},
    {{"annals_store_bytes", gauge, "Bytes of the log before compression", {"store"}},
     [](const Stats& s) { return s.bytes; }},
    {{"annals_store_packed_bytes",
      gauge,
      "Of them, bytes in segments that are compressed",
      {"store"}},
     [](const Stats& s) { return s.packed_bytes; }},
    {{"annals_store_packed_file_bytes", gauge, "What those segments take on the disk", {"store"}},
     [](const Stats& s) { return s.packed_file_bytes; }},
}};

// What this process has seen since it opened the store.
constexpr std::array<Count, 10> seen{{
    {{"annals_store_groups_synced_total",
      counter,
      "Groups of appends, each one sync of the device",
      {"store"}},
     [](const Stats& s) { return s.groups_synced; }},
    {{"annals_store_appends_synced_total", counter, "Appends in those groups", {"store"}},
     [](const Stats& s) { return s.appends_synced; }},
    {{"annals_store_appends_repeated_total",
      counter,
      "Appends answered with an earlier receipt",
      {"store"}},
     [](const Stats& s) { return s.appends_repeated; }},
    {{"annals_store_appends_refused_total",
      counter,
      "Appends refused by a check or a condition",
      {"store"}},
     [](const Stats& s) { return s.appends_refused; }},
    {{"annals_store_snapshots_saved_total", counter, "Snapshots saved", {"store"}},
     [](const Stats& s) { return s.snapshots_saved; }},
    {{"annals_store_snapshot_hits_total", counter, "Snapshots found", {"store"}},
     [](const Stats& s) { return s.snapshot_hits; }},
    {{"annals_store_torn_bytes_cut",
      gauge,
      "Bytes of an unfinished group that were cut when the store was opened",
      {"store"}},
     [](const Stats& s) { return s.torn_bytes_cut; }},
    {{"annals_store_rewritten_groups",
      gauge,
      "Whole groups beyond the durable mark that were kept when the store was opened",
      {"store"}},
     [](const Stats& s) { return s.rewritten_groups; }},
    {{"annals_store_missing_from_copy",
      gauge,
      "Events that the original of a copied folder had and that the copy has not",
      {"store"}},
     [](const Stats& s) { return s.missing_from_copy; }},
    {{"annals_store_unsettled_events",
      gauge,
      "Events seen beyond the mark of a writer that is gone",
      {"store"}},
     [](const Stats& s) { return s.unsettled_events; }},
}};

constexpr MetricFamily<4> info{"annals_store_info",
                               gauge,
                               "Who the store is; always 1",
                               {"store", "engine", "durability", "store_id"}};
constexpr MetricFamily<1> failed{
    "annals_store_failed", gauge, "1: the store has failed or does not answer", {"store"}};
constexpr MetricFamily<1> packing_failed{
    "annals_store_packing_failed", gauge, "1: a segment could not be compressed", {"store"}};
constexpr MetricFamily<1> last_recorded{"annals_store_last_recorded_timestamp_seconds",
                                        gauge,
                                        "When the last event was recorded, in Unix time",
                                        {"store"}};

double yes_or_no(bool yes) { return yes ? 1 : 0; }

}  // namespace

void add_metrics(MetricsText& text, std::string_view store, const Stats& stats) {
  text.add(info, {store, stats.engine, stats.durability, to_string(stats.store)}, 1.0);
  text.add(failed, {store}, yes_or_no(!stats.failure.empty()));
  text.add(packing_failed, {store}, yes_or_no(!stats.packing_failure.empty()));
  for (const auto& [family, value] : seen) text.add(family, {store}, value(stats));
  // A database that does not answer has told nothing: no metric is better than a false one.
  if (!stats.failure.empty() && stats.head == Head{}) return;
  for (const auto& [family, value] : held) text.add(family, {store}, value(stats));
  const std::chrono::duration<double> recorded = stats.last_recorded_at.time_since_epoch();
  text.add(last_recorded, {store}, recorded.count());
}

Result<void> check_store(const EventStore& store) {
  const Stats stats = store.stats();
  if (!stats.failure.empty()) {
    return Error{.code = ErrorCode::unavailable, .message = stats.failure};
  }
  auto last = read_all(store, {.direction = Direction::backward, .limit = 1});
  if (!last) return std::move(last).error();
  return {};
}

}  // namespace annals::internal
