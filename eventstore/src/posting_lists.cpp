#include "posting_lists.hpp"

#include <algorithm>

#include "posting_walk.hpp"

namespace annals::internal {

namespace {

// Adds the condition "any of `names`" if there are names. False: nothing can match it.
template <typename Order, typename Find>
bool narrow(std::vector<AnyWalk<Order>>& conditions, const std::vector<std::string>& names,
            Find find) {
  if (names.empty()) return true;
  AnyWalk<Order> any;
  for (const std::string& name : names) {
    if (const auto* list = find(name)) any.add(*list);
  }
  if (any.empty()) return false;
  conditions.push_back(std::move(any));
  return true;
}

}  // namespace

const PostingLists::Postings* PostingLists::find(const Lists& lists, std::string_view name) {
  const auto found = lists.find(name);
  return found == lists.end() ? nullptr : &found->second;
}

PostingLists::Postings& PostingLists::list(Lists& lists, std::string_view name) {
  const auto found = lists.find(name);
  return found != lists.end() ? found->second : lists.emplace(name, Postings()).first->second;
}

std::uint64_t PostingLists::add(const RecordKeys& record) {
  const std::uint64_t position = ++last_.value;
  if (!record.event) {
    not_events_.push_back(position);
    return 0;
  }
  Postings& stream = list(streams_, record.stream);
  const std::uint64_t before = stream.size();
  stream.push_back(position);
  list(categories_, category_of(record.stream)).push_back(position);
  list(types_, record.type).push_back(position);
  for (const std::string_view tag : record.tags) list(tags_, tag).push_back(position);
  return before;
}

template <typename Order>
std::vector<GlobalPosition> PostingLists::walk(const Query& query, std::uint64_t first,
                                               std::uint64_t last, std::size_t max) const {
  std::vector<GlobalPosition> selected;
  if (Order::before(last, first)) return selected;

  bool everything = query.items.empty();
  std::vector<AllWalk<Order>> items;
  for (const QueryItem& item : query.items) {
    std::vector<AnyWalk<Order>> conditions;
    const auto in = [](const Lists& lists) {
      return [&lists](const std::string& name) { return find(lists, name); };
    };
    bool possible = narrow(conditions, item.streams, in(streams_)) &&
                    narrow(conditions, item.categories, in(categories_)) &&
                    narrow(conditions, item.types, in(types_));
    for (std::size_t i = 0; possible && i < item.tags.size(); ++i) {
      const Postings* tagged = find(tags_, item.tags[i]);
      possible = tagged != nullptr;
      if (possible) conditions.emplace_back().add(*tagged);
    }
    if (!possible) continue;
    if (conditions.empty()) {
      everything = true;
    } else {
      items.emplace_back(std::move(conditions));
    }
  }

  if (everything) {
    ListWalk<Order> not_events(not_events_);
    for (std::uint64_t at = first; selected.size() < max && !Order::before(last, at);
         at = Order::next(at)) {
      if (not_events.seek(at) != at) selected.push_back({at});
    }
    return selected;
  }
  for (std::uint64_t bound = first; selected.size() < max;) {
    std::uint64_t found = Order::end;
    for (AllWalk<Order>& item : items) {
      const std::uint64_t position = item.seek(bound);
      if (Order::before(position, found)) found = position;
    }
    if (found == Order::end || Order::before(last, found)) break;
    selected.push_back({found});
    bound = Order::next(found);
  }
  return selected;
}

std::vector<GlobalPosition> PostingLists::select(const Query& query, GlobalPosition after,
                                                 GlobalPosition up_to, std::size_t max) const {
  if (after >= up_to) return {};
  return walk<Ascending>(query, std::max(after, first_).value + 1, std::min(up_to, last_).value,
                         max);
}

std::vector<GlobalPosition> PostingLists::select_backward(const Query& query, GlobalPosition before,
                                                          GlobalPosition from,
                                                          std::size_t max) const {
  if (before.value == 0) return {};
  return walk<Descending>(query, std::min(before.value - 1, last_.value),
                          std::max(from.value, first_.value + 1), max);
}

}  // namespace annals::internal
