#include "index.hpp"

#include <algorithm>

#include <annals/eventstore/assert.hpp>

namespace annals::internal {

void Index::add(const AppendEntry& entry, std::span<const RecordKeys> records) {
  ANNALS_ASSERT(entry.first.value == head().value + 1,
                "append at " + to_string(entry.first) + " after head " + to_string(head()));
  ANNALS_ASSERT(entry.count > 0 && records.size() == entry.count,
                std::to_string(records.size()) + " records, count " + std::to_string(entry.count));
  appends_.push_back(entry);
  const bool is_new = ids_.emplace(entry.id, &appends_.back()).second;
  ANNALS_ASSERT(is_new, "append " + to_string(entry.id) + " is in the log already");
  for (const RecordKeys& record : records) {
    const std::uint64_t before = postings_.add(record);
    ANNALS_ASSERT(!record.event || before == record.version.value,
                  "version " + to_string(record.version) + " of a stream that has " +
                      std::to_string(before) + " events");
  }
}

std::optional<StreamVersion> Index::last_version(std::string_view stream) const {
  const auto* list = postings_.stream(stream);
  if (list == nullptr) return std::nullopt;
  return StreamVersion{list->size() - 1};
}

std::optional<GlobalPosition> Index::position_of(std::string_view stream,
                                                 StreamVersion version) const {
  const auto* list = postings_.stream(stream);
  if (list == nullptr || version.value >= list->size()) return std::nullopt;
  return GlobalPosition{(*list)[version.value]};
}

const AppendEntry* Index::find(const AppendId& id) const {
  const auto found = ids_.find(id);
  return found == ids_.end() ? nullptr : found->second;
}

const AppendEntry& Index::holding(GlobalPosition position) const {
  ANNALS_ASSERT(position.value >= 1 && position <= head(),
                to_string(position) + " with head " + to_string(head()));
  const auto beyond = std::upper_bound(
      appends_.begin(), appends_.end(), position,
      [](GlobalPosition at, const AppendEntry& entry) { return at < entry.first; });
  return *std::prev(beyond);
}

GlobalPosition Index::last_at(Timestamp time) const {
  const auto beyond = std::upper_bound(
      appends_.begin(), appends_.end(), time,
      [](Timestamp at, const AppendEntry& entry) { return at < entry.recorded_at; });
  return beyond == appends_.begin() ? GlobalPosition{0} : std::prev(beyond)->last();
}

std::vector<GlobalPosition> Index::select(const Query& query, GlobalPosition after,
                                          GlobalPosition up_to, std::size_t max) const {
  return postings_.select(query, after, up_to, max);
}

std::vector<GlobalPosition> Index::select_backward(const Query& query, GlobalPosition before,
                                                   GlobalPosition from, std::size_t max) const {
  return postings_.select_backward(query, before, from, max);
}

std::optional<GlobalPosition> Index::first_match(const Query& query, GlobalPosition after) const {
  const auto found = select(query, after, head(), 1);
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace annals::internal
