#include "index.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

#include <annals/eventstore/assert.hpp>

#include "hashed_query.hpp"

namespace annals::internal {

void Index::add_part(std::shared_ptr<const IndexPart> part, const AppendEntry& last) {
  const std::unique_lock lock(mutex_);
  ANNALS_ASSERT(growing_->append_count() == 0, "part " + std::to_string(growing_->number()));
  Parts parts(parts_->begin(), std::prev(parts_->end()));
  const GlobalPosition next{part->last().value + 1};
  growing_ = new_part(part->number() + 1, next);
  parts.push_back(std::move(part));
  parts.push_back(growing_);
  parts_ = std::make_shared<const Parts>(std::move(parts));
  last_ = last;
}

Result<bool> Index::catch_up_heads() {
  for (const auto& part : *parts_) {
    if (part == growing_ || part->last() <= heads_->applied()) continue;
    if (auto ready = part->ready(); !ready) return std::move(ready).error();
    part->each_stream([&](std::string_view name, StreamVersion, StreamVersion last) {
      heads_->raise(hasher_(KeyKind::stream, name), {last, part->number()});
    });
    heads_->set_applied(part->last());
  }
  bool follows = true;
  growing_->each_stream([&](std::string_view name, StreamVersion first, StreamVersion last) {
    const KeyHash hash = hasher_(KeyKind::stream, name);
    const Heads::Found found = heads_->find(hash);
    switch (found.what) {
      case Heads::Found::What::nothing: follows = follows && first.value == 0; break;
      case Heads::Found::What::head:
        follows = follows && (found.head.part == growing_->number()
                                  ? found.head.last <= last
                                  : first.value == found.head.last.value + 1);
        break;
      case Heads::Found::What::damage: break;
    }
    heads_->raise(hash, {last, growing_->number()});
  });
  heads_->set_applied(growing_->last());
  return follows;
}

std::shared_ptr<const MemoryPart> Index::begin_part(std::uint64_t number) {
  const std::unique_lock lock(mutex_);
  const bool empty = growing_->append_count() == 0;
  std::shared_ptr<const MemoryPart> complete = growing_;
  Parts parts(parts_->begin(), empty ? std::prev(parts_->end()) : parts_->end());
  growing_ = new_part(number, {complete->last().value + 1});
  parts.push_back(growing_);
  parts_ = std::make_shared<const Parts>(std::move(parts));
  return empty ? nullptr : complete;
}

void Index::replace_part(std::shared_ptr<const IndexPart> part) {
  const std::unique_lock lock(mutex_);
  Parts parts(*parts_);
  for (auto& place : parts) {
    if (place->number() != part->number() || place == growing_) continue;
    ANNALS_ASSERT(place->first() == part->first() && place->last() == part->last(),
                  "part " + std::to_string(part->number()));
    place = std::move(part);
    break;
  }
  parts_ = std::make_shared<const Parts>(std::move(parts));
}

void Index::add(std::span<const Publication> appends) {
  const std::unique_lock lock(mutex_);
  for (std::size_t at = 0; at < appends.size(); ++at) {
    const Publication& append = appends[at];
    if (at + MemoryPart::prefetch_far < appends.size()) {
      growing_->prefetch_slots(appends[at + MemoryPart::prefetch_far].records.front());
    }
    if (at + MemoryPart::prefetch_near < appends.size()) {
      growing_->prefetch_entries(appends[at + MemoryPart::prefetch_near].records.front());
    }
    growing_->add(append.entry, append.offset, append.check, append.records);
    if (heads_ == nullptr) continue;
    for (std::size_t i = 0; i < append.records.size(); ++i) {
      const RecordKeys& record = append.records[i];
      if (!record.event) continue;
      // Of several events of one stream in a row the last will do.
      if (i + 1 < append.records.size() &&
          append.records[i + 1].stream_hash == record.stream_hash) {
        continue;
      }
      heads_->raise(record.stream_hash, {record.version, growing_->number()});
    }
  }
  if (appends.empty()) return;
  last_ = appends.back().entry;
  if (heads_ != nullptr) heads_->set_applied(last_->last());
}

GlobalPosition Index::head() const {
  const std::shared_lock lock(mutex_);
  return growing_->last();
}

std::optional<AppendEntry> Index::last_append() const {
  const std::shared_lock lock(mutex_);
  return last_;
}

std::uint64_t Index::append_count() const {
  const std::shared_lock lock(mutex_);
  std::uint64_t count = 0;
  for (const auto& part : *parts_) count += part->append_count();
  return count;
}

std::uint64_t Index::stream_count() const {
  const std::shared_lock lock(mutex_);
  std::uint64_t count = 0;
  for (const auto& part : *parts_) count += part->streams_begun();
  return count;
}

Index::View Index::view() const {
  const std::shared_lock lock(mutex_);
  return {parts_, growing_->last()};
}

template <typename Body>
auto Index::with(const View& view, std::size_t part, Body body) const
    -> decltype(body(*(*view.parts)[part])) {
  const auto& chosen = (*view.parts)[part];
  if (part + 1 < view.parts->size()) return body(*chosen);
  const std::shared_lock lock(mutex_);
  return body(*chosen);
}

std::size_t Index::part_of(const Parts& parts, GlobalPosition position) {
  const auto beyond =
      std::upper_bound(parts.begin(), parts.end(), position,
                       [](GlobalPosition at, const auto& part) { return at < part->first(); });
  return static_cast<std::size_t>(std::prev(beyond) - parts.begin());
}

Result<std::optional<StreamVersion>> Index::last_version_for_writer(std::string_view stream,
                                                                    const KeyHash& hash) const {
  if (heads_ != nullptr) {
    const Heads::Found found = heads_->find(hash);
    if (found.what == Heads::Found::What::head) return std::optional(found.head.last);
    if (found.what == Heads::Found::What::nothing) return std::optional<StreamVersion>();
  } else if (parts_->size() == 1) {
    return growing_->last_version(hash);
  }
  return last_version(stream);
}

Result<std::optional<StreamVersion>> Index::last_version(std::string_view stream) const {
  const KeyHash hash = hasher_(KeyKind::stream, stream);
  std::shared_ptr<const Parts> parts;
  {
    const std::shared_lock lock(mutex_);
    if (heads_ != nullptr) {
      const Heads::Found found = heads_->find(hash);
      if (found.what == Heads::Found::What::head) return std::optional(found.head.last);
      if (found.what == Heads::Found::What::nothing) return std::optional<StreamVersion>();
    }
    if (auto here = growing_->last_version(hash)) return here;
    parts = parts_;
  }
  for (std::size_t i = parts->size() - 1; i-- > 0;) {
    const IndexPart& part = *(*parts)[i];
    if (!part.may_have(hash)) continue;
    if (auto ready = part.ready(); !ready) return std::move(ready).error();
    if (const auto found = part.find(KeyKind::stream, stream, hash)) {
      return std::optional(StreamVersion{found->base.value + found->postings.size() - 1});
    }
  }
  return std::optional<StreamVersion>();
}

Result<std::optional<GlobalPosition>> Index::position_of(std::string_view stream,
                                                         StreamVersion version) const {
  const KeyHash hash = hasher_(KeyKind::stream, stream);
  const View now = view();
  std::size_t newest = now.parts->size() - 1;
  {
    const std::shared_lock lock(mutex_);
    if (heads_ != nullptr) {
      const Heads::Found found = heads_->find(hash);
      if (found.what != Heads::Found::What::damage) {
        const bool there = found.what == Heads::Found::What::head && version <= found.head.last;
        if (!there) return std::optional<GlobalPosition>();
        while (newest > 0 && (*now.parts)[newest]->number() > found.head.part) --newest;
      }
    }
  }
  struct Look {
    bool there = false;
    StreamVersion base;
    std::uint64_t size = 0;
    std::optional<GlobalPosition> position = {};
  };
  const auto look = [&](std::size_t i) -> Result<Look> {
    return with(now, i, [&](const IndexPart& part) -> Result<Look> {
      if (!part.may_have(hash)) return Look{};
      if (auto ready = part.ready(); !ready) return std::move(ready).error();
      const auto found = part.find(KeyKind::stream, stream, hash);
      if (!found) return Look{};
      Look look{true, found->base, found->postings.size()};
      if (version >= found->base && version.value - found->base.value < look.size) {
        look.position = GlobalPosition{part.first().value +
                                       found->postings.at(version.value - found->base.value)};
        if (*look.position > now.head) look.position.reset();
      }
      return look;
    });
  };
  // Halving, where a part that has nothing of the stream counts with the one before it.
  std::size_t low = 0;
  std::size_t high = newest + 1;
  bool first_look = true;  // At the newest: most reads are about the end of a stream.
  while (low < high) {
    std::size_t at = first_look ? high - 1 : low + (high - low) / 2;
    first_look = false;
    const std::size_t middle = at;
    Look found;
    while (true) {
      auto looked = look(at);
      if (!looked) return std::move(looked).error();
      found = *looked;
      if (found.there || at == low) break;
      --at;
    }
    if (!found.there) {
      low = middle + 1;
    } else if (version < found.base) {
      high = at;
    } else if (found.position) {
      return found.position;
    } else {
      low = middle + 1;
    }
  }
  return std::optional<GlobalPosition>();
}

Result<std::optional<AppendEntry>> Index::find(const AppendId& id, GlobalPosition after) const {
  const std::uint64_t hash = hasher_(id);
  const View now = view();
  for (std::size_t i = now.parts->size(); i-- > 0;) {
    if (i + 1 < now.parts->size() && (*now.parts)[i]->last() <= after) break;
    std::vector<std::uint32_t> ordinals;
    std::vector<AppendSpot> spots;
    auto looked = with(now, i, [&](const IndexPart& part) -> Result<void> {
      if (!part.may_have_append(id, hash)) return {};
      if (auto ready = part.ready(); !ready) return ready;
      part.appends_with(hash, ordinals);
      for (const std::uint32_t ordinal : ordinals) spots.push_back(part.append(ordinal));
      return {};
    });
    if (!looked) return std::move(looked).error();
    for (const AppendSpot& spot : spots) {
      auto entry = read_append((*now.parts)[i]->number(), spot);
      if (!entry) return std::move(entry).error();
      if (entry->id == id) return std::optional<AppendEntry>(*std::move(entry));
    }
  }
  return std::optional<AppendEntry>();
}

Result<bool> Index::find_in_newest(const AppendId& id) const {
  std::vector<std::uint32_t> ordinals;
  growing_->appends_with(hasher_(id), ordinals);
  for (const std::uint32_t ordinal : ordinals) {
    auto entry = read_append(growing_->number(), growing_->append(ordinal));
    if (!entry) return std::move(entry).error();
    if (entry->id == id) return true;
  }
  return false;
}

Result<AppendEntry> Index::read_append(std::uint64_t part, const AppendSpot& spot) const {
  std::vector<AppendEntry> entries;
  if (auto read = reader_.read_append_entries(part, std::span(&spot, 1), entries); !read) {
    return std::move(read).error();
  }
  return entries.front();
}

Result<AppendEntry> Index::holding(GlobalPosition position) const {
  const auto entries = holding(position, position);
  if (!entries) return entries.error();
  return entries->front();
}

Result<std::vector<AppendEntry>> Index::holding(GlobalPosition first, GlobalPosition last) const {
  const View now = view();
  ANNALS_ASSERT(first.value >= 1 && first <= last && last <= now.head,
                to_string(first) + " to " + to_string(last) + " with head " + to_string(now.head));
  std::vector<AppendEntry> entries;
  std::vector<AppendSpot> spots;
  for (std::size_t i = part_of(*now.parts, first); first <= last; ++i) {
    spots.clear();
    auto looked = with(now, i, [&](const IndexPart& part) -> Result<void> {
      if (auto ready = part.ready(); !ready) return ready;
      const GlobalPosition end = std::min(last, part.last());
      const auto relative_end = static_cast<std::uint32_t>(end.value - part.first().value);
      std::uint32_t ordinal =
          part.append_holding(static_cast<std::uint32_t>(first.value - part.first().value));
      do {
        spots.push_back(part.append(ordinal));
      } while (++ordinal < part.append_count() && part.append(ordinal).first <= relative_end);
      first = {end.value + 1};
      return {};
    });
    if (!looked) return std::move(looked).error();
    auto read = reader_.read_append_entries((*now.parts)[i]->number(), spots, entries);
    if (!read) return std::move(read).error();
  }
  return entries;
}

Result<GlobalPosition> Index::end_of_append(GlobalPosition position) const {
  const View now = view();
  ANNALS_ASSERT(position.value >= 1 && position <= now.head,
                to_string(position) + " with head " + to_string(now.head));
  const std::size_t i = part_of(*now.parts, position);
  return with(now, i, [&](const IndexPart& part) -> Result<GlobalPosition> {
    if (auto ready = part.ready(); !ready) return std::move(ready).error();
    const auto relative = static_cast<std::uint32_t>(position.value - part.first().value);
    const std::uint32_t next = part.append_holding(relative) + 1;
    if (next == part.append_count()) return part.last();
    return GlobalPosition{part.first().value + part.append(next).first - 1};
  });
}

Result<GlobalPosition> Index::last_at(Timestamp time) const {
  const View now = view();
  for (std::size_t i = now.parts->size(); i-- > 0;) {
    // The parts' own times are in their index; most questions are about the newest ones.
    auto found = with(now, i, [&](const IndexPart& part) -> Result<GlobalPosition> {
      if (part.append_count() == 0) return GlobalPosition{0};
      if (auto ready = part.ready(); !ready) return std::move(ready).error();
      const std::uint32_t until = part.appends_until(time);
      if (until == 0) return GlobalPosition{0};
      if (until == part.append_count()) return part.last();
      return GlobalPosition{part.first().value + part.append(until).first - 1};
    });
    if (!found || found->value > 0) {
      if (found) found->value = std::min(found->value, now.head.value);
      return found;
    }
  }
  return GlobalPosition{0};
}

Result<std::vector<RecordPlace>> Index::places(std::span<const GlobalPosition> positions) const {
  std::vector<RecordPlace> places;
  places.reserve(positions.size());
  const View now = view();
  for (std::size_t i = 0; i < positions.size();) {
    const GlobalPosition position = positions[i];
    ANNALS_ASSERT(position.value >= 1 && position <= now.head,
                  to_string(position) + " with head " + to_string(now.head));
    const std::size_t chosen = part_of(*now.parts, position);
    // All that follow in the same part in one go.
    auto looked = with(now, chosen, [&](const IndexPart& part) -> Result<void> {
      if (auto ready = part.ready(); !ready) return ready;
      const GlobalPosition last = std::min(part.last(), now.head);
      std::uint32_t ordinal = 0;
      AppendSpot spot;
      std::uint32_t next_first = 0;  // 0: no append is at hand.
      for (; i < positions.size(); ++i) {
        if (positions[i] < part.first() || positions[i] > last) return {};
        const auto relative = static_cast<std::uint32_t>(positions[i].value - part.first().value);
        if (next_first == 0 || relative < spot.first || relative >= next_first) {
          const bool follows = next_first != 0 && relative == next_first;
          ordinal = follows ? ordinal + 1 : part.append_holding(relative);
          spot = part.append(ordinal);
          next_first = ordinal + 1 < part.append_count()
                           ? part.append(ordinal + 1).first
                           : std::numeric_limits<std::uint32_t>::max();
        }
        places.push_back({part.number(), part.offset(relative),
                          GlobalPosition{part.first().value + spot.first}, spot});
      }
      return {};
    });
    if (!looked) return std::move(looked).error();
  }
  return places;
}

Result<std::vector<GlobalPosition>> Index::select(const Query& query, GlobalPosition after,
                                                  GlobalPosition up_to, std::size_t max) const {
  std::vector<GlobalPosition> found;
  const View now = view();
  up_to = std::min(up_to, now.head);
  if (after >= up_to || max == 0) return found;
  const HashedQuery hashed(query, hasher_);
  for (std::size_t i = part_of(*now.parts, {after.value + 1});
       i < now.parts->size() && found.size() < max; ++i) {
    auto walked = with(now, i, [&](const IndexPart& part) -> Result<void> {
      if (!hashed.may_match(part)) return {};
      const GlobalPosition first = std::max(GlobalPosition{after.value + 1}, part.first());
      const GlobalPosition last = std::min(up_to, part.last());
      if (first > last) return {};
      if (auto ready = part.ready(); !ready) return ready;
      hashed.select(part, first, last, max - found.size(), found);
      return {};
    });
    if (!walked) return std::move(walked).error();
    if ((*now.parts)[i]->first() > up_to) break;
  }
  return found;
}

Result<std::vector<GlobalPosition>> Index::select_backward(const Query& query,
                                                           GlobalPosition before,
                                                           GlobalPosition from,
                                                           std::size_t max) const {
  std::vector<GlobalPosition> found;
  const View now = view();
  if (before.value == 0 || now.head.value == 0) return found;
  const GlobalPosition last_wanted{std::min(before.value - 1, now.head.value)};
  from = std::max(from, GlobalPosition{1});
  if (last_wanted < from || max == 0) return found;
  const HashedQuery hashed(query, hasher_);
  for (std::size_t i = part_of(*now.parts, last_wanted) + 1; i-- > 0 && found.size() < max;) {
    if (i + 1 < now.parts->size() && (*now.parts)[i]->last() < from) break;
    auto walked = with(now, i, [&](const IndexPart& part) -> Result<void> {
      if (!hashed.may_match(part)) return {};
      const GlobalPosition first = std::max(from, part.first());
      const GlobalPosition last = std::min(last_wanted, part.last());
      if (first > last) return {};
      if (auto ready = part.ready(); !ready) return ready;
      hashed.select_backward(part, first, last, max - found.size(), found);
      return {};
    });
    if (!walked) return std::move(walked).error();
  }
  return found;
}

Result<std::optional<GlobalPosition>> Index::first_match(const Query& query,
                                                         GlobalPosition after) const {
  auto found = select(query, after, {std::numeric_limits<std::uint64_t>::max()}, 1);
  if (!found) return std::move(found).error();
  if (found->empty()) return std::optional<GlobalPosition>();
  return std::optional(found->front());
}

}  // namespace annals::internal
