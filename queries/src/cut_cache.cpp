#include "cut_cache.hpp"

#include <algorithm>
#include <utility>

namespace annals::internal {

namespace {

std::string key_of(const QueryType& type, GlobalPosition position, const Consistency& consistency) {
  std::string key = to_string(position);
  for (const ProjectionType* projection : type.projections) {
    // Not by name: two definitions of one name fold other rows.
    key += ' ' + std::to_string(reinterpret_cast<std::uintptr_t>(projection));
  }
  if (consistency.known_at()) key += " known " + to_string(*consistency.known_at());
  if (consistency.effective_at()) key += " effective " + to_string(*consistency.effective_at());
  return key;
}

}  // namespace

Result<Cut> CutCache::resolve(const AsOf& as_of) const {
  // A read says where it was cut before it reads anything.
  auto cursor = events_.read({.limit = 1, .as_of = as_of});
  if (!cursor) return std::move(cursor).error();
  return (*cursor)->cut();
}

Result<std::shared_ptr<const CutCache::Folded>> CutCache::fold(const QueryType& type,
                                                               const HistoryCut& cut) const {
  auto rows = options_.scratch();
  if (!rows) return std::move(rows).error();
  auto folded = std::make_shared<Folded>();
  folded->rows = *std::move(rows);
  for (const ProjectionType* projection : type.projections) {
    auto done = project_as_of(events_, *folded->rows, *projection, cut, options_.loader.upcasters);
    if (!done) return std::move(done).error();
    folded->cut = *done;
  }
  const std::lock_guard lock(mutex_);
  ++folded_;
  return std::shared_ptr<const Folded>(std::move(folded));
}

Result<std::shared_ptr<const CutCache::Folded>> CutCache::get(const QueryType& type,
                                                              const Consistency& consistency) {
  if (!options_.scratch) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = std::string(type.name) +
                            ": answers as of a cut need QueryOptions::scratch, which makes the "
                            "place to fold into"};
  }
  auto cut = resolve(consistency.cut());
  if (!cut) return std::move(cut).error();
  // All projections are folded up to one position, whatever is appended meanwhile.
  const HistoryCut history{AsOf::position(cut->position), consistency.known_at(),
                           consistency.effective_at()};
  const auto fold_to_cut = [&]() -> Result<std::shared_ptr<const Folded>> {
    auto folded = fold(type, history);
    if (!folded) return folded;
    auto marked = std::const_pointer_cast<Folded>(*std::move(folded));
    marked->cut = *cut;
    return std::shared_ptr<const Folded>(std::move(marked));
  };
  // An open cut may hold more when it is asked for again.
  if (cut->open || options_.cuts_kept == 0) return fold_to_cut();

  const std::string key = key_of(type, cut->position, consistency);
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    const auto place = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& kept) { return kept->key == key; });
    if (place != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, place);
    } else {
      entries_.push_front(std::make_shared<Entry>());
      entries_.front()->key = key;
      if (entries_.size() > options_.cuts_kept) entries_.pop_back();
    }
    entry = entries_.front();
  }
  const std::lock_guard folding(entry->folding);
  if (entry->value) {
    const std::lock_guard lock(mutex_);
    ++found_;
    return entry->value;
  }
  auto folded = fold_to_cut();
  if (folded) entry->value = *folded;
  return folded;
}

std::uint64_t CutCache::folded() const {
  const std::lock_guard lock(mutex_);
  return folded_;
}

std::uint64_t CutCache::found() const {
  const std::lock_guard lock(mutex_);
  return found_;
}

}  // namespace annals::internal
