#include "chain.hpp"

#include <annals/eventstore/content_hash.hpp>

namespace annals::internal {
Result<void> Chain::follow(const SegmentBytes& segment, const AppendView& append, bool contents) {
  const AppendEntry& entry = append.entry;
  if (entry.first.value != head_.position.value + 1) {
    return corrupt(segment, entry.address,
                   "an append begins at position " + to_string(entry.first) + " after position " +
                       to_string(head_.position));
  }
  if (entry.recorded_at < last_recorded_at_) {
    return corrupt(segment, entry.address, "an append was recorded before the one before it");
  }
  if (contents) {
    std::vector<LinkedEvent> linked;
    linked.reserve(append.records.size());
    for (const RecordView& record : append.records) {
      linked.push_back({record.event ? record.version : no_version,
                        content_hash(record, append.tags_of(record))});
    }
    if (next_link(head_.link, entry.id, entry.first, entry.recorded_at, linked) != entry.link) {
      Error error =
          corrupt(segment, entry.address,
                  "positions " + to_string(entry.first) + " to " + to_string(entry.last()) +
                      " do not hash to the link that was recorded");
      error.position = entry.last();
      return error;
    }
  }
  head_ = {entry.last(), entry.link};
  last_recorded_at_ = entry.recorded_at;
  return {};
}

}  // namespace annals::internal
