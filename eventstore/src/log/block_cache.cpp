#include "block_cache.hpp"

#include <utility>
#include <vector>

namespace annals::internal {

BlockCache::Kept BlockCache::find(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, place->second);
  return place->second->what;
}

void BlockCache::add(const Key& key, Kept what, std::size_t bytes) {
  if (bytes > bytes_max_) return;
  std::vector<Kept> let_go;  // Freed outside the lock.
  const std::scoped_lock lock(mutex_);
  if (places_.contains(key)) return;
  entries_.push_front({key, std::move(what), bytes});
  places_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    Entry& oldest = entries_.back();
    bytes_ -= oldest.bytes;
    places_.erase(oldest.key);
    let_go.push_back(std::move(oldest.what));
    entries_.pop_back();
  }
}

}  // namespace annals::internal
