#include "hashed_query.hpp"

#include <algorithm>

#include "posting_walk.hpp"

namespace annals::internal {

HashedQuery::HashedQuery(const Query& query, const KeyHasher& hasher)
    : everything_(query.items.empty()) {
  const auto hash = [&](KeyKind kind, const std::vector<std::string>& names,
                        std::vector<Name>& into) {
    into.reserve(names.size());
    for (const std::string& name : names) into.push_back({&name, hasher(kind, name)});
  };
  items_.reserve(query.items.size());
  for (const QueryItem& item : query.items) {
    Item& hashed = items_.emplace_back();
    hash(KeyKind::stream, item.streams, hashed.streams);
    hash(KeyKind::category, item.categories, hashed.categories);
    hash(KeyKind::type, item.types, hashed.types);
    hash(KeyKind::tag, item.tags, hashed.tags);
    everything_ = everything_ || hashed.everything();
  }
}

bool HashedQuery::may_match(const IndexPart& part) const {
  if (everything_) return true;
  const auto may_have = [&](const Name& name) { return part.may_have(name.hash); };
  const auto any = [&](const std::vector<Name>& names) {
    return names.empty() || std::any_of(names.begin(), names.end(), may_have);
  };
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    return any(item.streams) && any(item.categories) && any(item.types) &&
           std::all_of(item.tags.begin(), item.tags.end(), may_have);
  });
}

template <typename Order>
void HashedQuery::walk(const IndexPart& part, GlobalPosition first, GlobalPosition last,
                       std::size_t max, std::vector<GlobalPosition>& found) const {
  // Walks count from 1: the part's first position is 1.
  const std::uint64_t before = part.first().value - 1;
  std::uint64_t begin = first.value - before;
  std::uint64_t end = last.value - before;
  if constexpr (std::is_same_v<Order, Descending>) std::swap(begin, end);
  if (Order::before(end, begin)) return;

  if (everything_) {
    ListWalk<Order> not_events(part.not_events());
    for (std::uint64_t at = begin; max > 0 && !Order::before(end, at); at = Order::next(at)) {
      if (not_events.size() > 0 && not_events.seek(at) == at) continue;
      found.push_back({before + at});
      --max;
    }
    return;
  }

  std::vector<AllWalk<Order>> items;
  items.reserve(items_.size());
  for (const Item& item : items_) {
    std::vector<AnyWalk<Order>> conditions;
    const auto narrow = [&](KeyKind kind, const std::vector<Name>& names) {
      if (names.empty()) return true;
      AnyWalk<Order> any;
      for (const Name& name : names) {
        if (auto list = part.find(kind, *name.text, name.hash)) any.add(std::move(list->postings));
      }
      if (any.empty()) return false;
      conditions.push_back(std::move(any));
      return true;
    };
    bool possible = narrow(KeyKind::stream, item.streams) &&
                    narrow(KeyKind::category, item.categories) && narrow(KeyKind::type, item.types);
    for (std::size_t i = 0; possible && i < item.tags.size(); ++i) {
      auto tagged = part.find(KeyKind::tag, *item.tags[i].text, item.tags[i].hash);
      possible = tagged.has_value();
      if (possible) conditions.emplace_back().add(std::move(tagged->postings));
    }
    if (possible) items.emplace_back(std::move(conditions));
  }
  for (std::uint64_t bound = begin; max > 0; --max) {
    std::uint64_t next = Order::end;
    for (AllWalk<Order>& item : items) {
      const std::uint64_t position = item.seek(bound);
      if (Order::before(position, next)) next = position;
    }
    if (next == Order::end || Order::before(end, next)) break;
    found.push_back({before + next});
    bound = Order::next(next);
  }
}

void HashedQuery::select(const IndexPart& part, GlobalPosition first, GlobalPosition last,
                         std::size_t max, std::vector<GlobalPosition>& found) const {
  walk<Ascending>(part, first, last, max, found);
}

void HashedQuery::select_backward(const IndexPart& part, GlobalPosition first, GlobalPosition last,
                                  std::size_t max, std::vector<GlobalPosition>& found) const {
  walk<Descending>(part, first, last, max, found);
}

}  // namespace annals::internal
