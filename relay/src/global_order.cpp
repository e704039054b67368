#include "global_order.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/assert.hpp>

namespace annals::internal {

GlobalOrder::GlobalOrder(std::uint32_t partitions, GlobalPosition begin)
    : lanes_(partitions, Lane{.events = {}, .seen = begin}), passed_(begin) {}

void GlobalOrder::add(std::uint32_t partition, ReceivedRecord record) {
  Lane& lane = lanes_[partition];
  ANNALS_ASSERT(record.place.position > lane.seen, "records of a partition are added in order");
  lane.seen = record.place.position;
  lane.end = record.event ? std::nullopt : record.place.link;
  if (record.event) lane.events.push_back(std::move(record));
}

std::optional<GlobalOrder::Next> GlobalOrder::next() {
  Lane* first = nullptr;
  GlobalPosition least{~std::uint64_t{0}};  // Seen by those without a waiting event.
  for (Lane& lane : lanes_) {
    if (lane.events.empty()) {
      least = std::min(least, lane.seen);
    } else if (first == nullptr ||
               lane.events.front().place.position < first->events.front().place.position) {
      first = &lane;
    }
  }
  if (first == nullptr) return std::nullopt;
  const GlobalPosition position = first->events.front().place.position;
  if (position.value != passed_.value + 1 && least < position) return std::nullopt;
  Next next{static_cast<std::uint32_t>(first - lanes_.data()), std::move(first->events.front())};
  first->events.pop_front();
  passed_ = position;
  return next;
}

std::optional<GlobalOrder::End> GlobalOrder::end_beyond() {
  const Lane& least = *std::min_element(
      lanes_.begin(), lanes_.end(), [](const Lane& a, const Lane& b) { return a.seen < b.seen; });
  if (!least.end || least.seen <= passed_) return std::nullopt;
  for (const Lane& lane : lanes_) {
    if (!lane.events.empty() && lane.events.front().place.position <= least.seen) {
      return std::nullopt;
    }
  }
  passed_ = least.seen;
  return End{least.seen, *least.end};
}

}  // namespace annals::internal
