// What any event store is to those who follow it.

#include <algorithm>
#include <utility>
#include <vector>

#include <annals/eventstore/event_store.hpp>

namespace annals {

namespace {

// Positions may lie close together or far apart: what is read in between is little.
constexpr std::size_t run_events = 64;

}  // namespace

Result<std::optional<Timestamp>> EventStore::waiting_since(GlobalPosition position) const {
  auto next = read_all(*this, {.start = Start::after(position), .limit = 1});
  if (!next) return std::move(next).error();
  if (next->empty()) return std::optional<Timestamp>();
  return std::optional<Timestamp>(next->front().recorded_at);
}

Result<RecordedEvents> EventStore::find(const Query& query,
                                        std::span<const GlobalPosition> positions) const {
  std::vector<RecordedEvent> found;
  std::vector<std::shared_ptr<const void>> owners;
  while (!positions.empty()) {
    auto run = read_all(
        *this, {.query = query, .start = Start::from(positions.front()), .limit = run_events});
    if (!run) return std::move(run).error();
    if (run->empty()) break;
    for (const RecordedEvent& event : *run) {
      while (!positions.empty() && positions.front() < event.position) {
        positions = positions.subspan(1);
      }
      if (positions.empty() || positions.front() != event.position) continue;
      found.push_back(event);
      positions = positions.subspan(1);
    }
    owners.push_back(std::make_shared<const RecordedEvents>(*std::move(run)));
  }
  return RecordedEvents(std::move(found), std::move(owners));
}

Result<std::vector<RecordedAppend>> EventStore::appends_holding(GlobalPosition first,
                                                                GlobalPosition last) const {
  std::vector<RecordedAppend> appends;
  while (first <= last) {
    auto append = append_holding(first);
    if (!append) return std::move(append).error();
    first = {append->last().value + 1};
    appends.push_back(*append);
  }
  return appends;
}

Result<std::chrono::microseconds> lag_after(const EventSource& events, GlobalPosition position,
                                            Timestamp now) {
  const auto since = events.waiting_since(position);
  if (!since) return since.error();
  if (!*since) return std::chrono::microseconds(0);
  return std::max(now - **since, std::chrono::microseconds(0));
}

}  // namespace annals
