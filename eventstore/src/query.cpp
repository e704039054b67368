#include <algorithm>

#include <annals/eventstore/query.hpp>

namespace annals {

namespace {

bool any_of(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

template <typename Event>
bool item_matches(const QueryItem& item, const Event& event) {
  return any_of(item.streams, event.stream) && any_of(item.categories, category_of(event.stream)) &&
         any_of(item.types, event.type) &&
         std::all_of(item.tags.begin(), item.tags.end(), [&](const std::string& tag) {
           return std::find(event.tags.begin(), event.tags.end(), tag) != event.tags.end();
         });
}

template <typename Event>
bool query_matches(const Query& query, const Event& event) {
  return query.items.empty() ||
         std::any_of(query.items.begin(), query.items.end(),
                     [&](const QueryItem& item) { return item_matches(item, event); });
}

}  // namespace

bool matches(const Query& query, const RecordedEvent& event) { return query_matches(query, event); }
bool matches(const Query& query, const NewEvent& event) { return query_matches(query, event); }

const std::string* only_stream(const Query& query) noexcept {
  const std::string* only = nullptr;
  for (const QueryItem& item : query.items) {
    if (item.streams.empty()) return nullptr;
    for (const std::string& stream : item.streams) {
      if (only != nullptr && *only != stream) return nullptr;
      only = &stream;
    }
  }
  return only;
}

}  // namespace annals
