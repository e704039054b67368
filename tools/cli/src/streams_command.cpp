#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

/// What a pass over the log learns about one stream.
struct StreamSummary {
  std::string name;
  std::uint64_t events = 0;  ///< Of those that the query selects.
  StreamVersion last_version;
  GlobalPosition first_position;
  GlobalPosition last_position;
  Timestamp last_recorded_at;
};

/// Hashes string_views, so that a name is copied only when it is new.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const noexcept {
    return std::hash<std::string_view>{}(name);
  }
};

class StreamSummaries {
 public:
  void add(const RecordedEvent& event) {
    auto found = by_name_.find(event.stream);
    if (found == by_name_.end()) {
      found = by_name_.emplace(std::string(event.stream), StreamSummary{}).first;
      found->second.name = event.stream;
      found->second.first_position = event.position;
    }
    StreamSummary& summary = found->second;
    ++summary.events;
    summary.last_version = event.version;
    summary.last_position = event.position;
    summary.last_recorded_at = event.recorded_at;
  }

  std::vector<StreamSummary> sorted() && {
    std::vector<StreamSummary> streams;
    streams.reserve(by_name_.size());
    for (auto& [name, summary] : by_name_) streams.push_back(std::move(summary));
    std::sort(streams.begin(), streams.end(),
              [](const StreamSummary& a, const StreamSummary& b) { return a.name < b.name; });
    return streams;
  }

 private:
  std::unordered_map<std::string, StreamSummary, NameHash, std::equal_to<>> by_name_;
};

Result<std::vector<StreamSummary>> summarise(const EventStore& store,
                                             const StreamsRequest& request) {
  auto cursor = store.read({.query = request.query, .as_of = request.as_of});
  if (!cursor) return std::move(cursor).error();
  Progress progress("reading positions");
  StreamSummaries summaries;
  while (true) {
    auto events = (*cursor)->next();
    if (!events) return std::move(events).error();
    if (events->empty()) break;
    for (const RecordedEvent& event : *events) summaries.add(event);
    progress.show(events->back().position.value, (*cursor)->cut().position.value);
  }
  return std::move(summaries).sorted();
}

std::string stream_json(const StreamSummary& stream) {
  return JsonObject()
      .text("stream", stream.name)
      .text("category", category_of(stream.name))
      .number("events", stream.events)
      .number("last_version", stream.last_version.value)
      .number("first_position", stream.first_position.value)
      .number("last_position", stream.last_position.value)
      .text("last_recorded_at", to_string(stream.last_recorded_at))
      .finish();
}

}  // namespace

Result<int> show_streams(const std::string& folder, const StreamsRequest& request, Format format,
                         Output& output) {
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  auto streams = summarise(**store, request);
  if (!streams) return std::move(streams).error();

  const std::size_t shown = std::min<std::uint64_t>(streams->size(), request.limit);
  if (format == Format::json) {
    for (std::size_t i = 0; i < shown && output.wanted(); ++i) {
      output.line(stream_json((*streams)[i]));
    }
    return exit_ok;
  }
  Table table(output, {{"stream"},
                       {"events", Table::Align::right},
                       {"last version", Table::Align::right},
                       {"last position", Table::Align::right},
                       {"last recorded at"}});
  std::uint64_t events = 0;
  for (const StreamSummary& stream : *streams) events += stream.events;
  for (std::size_t i = 0; i < shown && output.wanted(); ++i) {
    const StreamSummary& stream = (*streams)[i];
    table.row({stream.name, std::to_string(stream.events),
               std::to_string(stream.last_version.value),
               std::to_string(stream.last_position.value), to_string(stream.last_recorded_at)});
  }
  table.flush();
  std::string total = grouped(streams->size()) +
                      (streams->size() == 1 ? " stream, " : " streams, ") + grouped(events) +
                      (events == 1 ? " event" : " events");
  if (shown < streams->size()) total += "; " + grouped(shown) + " shown";
  output.line(total);
  return exit_ok;
}

}  // namespace annals::cli
