#include "acceptance.hpp"

namespace annals::internal {

Result<bool> Acceptance::take(std::uint32_t partition, const RecordPlace& place) {
  ANNALS_ASSERT(partition < taken_.size(), "a partition that the topic does not have");
  const std::string where = "topic " + topic_ + ", partition " + std::to_string(partition);
  if (place.store != history_.store) {
    return Error{ErrorCode::invalid_argument, where + ": position " + to_string(place.position) +
                                                  " is of store " + to_string(place.store) +
                                                  ", not of " + to_string(history_.store)};
  }
  auto& [last, link] = taken_[partition];
  if (place.position == last && place.link && link && *place.link != *link) {
    return Error{ErrorCode::diverged, where + ": position " + to_string(place.position) +
                                          " is of another history than what was taken: its link "
                                          "is another"};
  }
  if (place.position <= last) return false;
  if (place.era != history_.era) {
    return Error{ErrorCode::diverged, where + ": position " + to_string(place.position) +
                                          " is of era " + std::to_string(place.era.value) +
                                          ", and what was taken is of era " +
                                          std::to_string(history_.era.value)};
  }
  if (place.previous > last) {
    return Error{ErrorCode::corrupt, where + ": a gap: position " + to_string(place.position) +
                                         " follows " + to_string(place.previous) +
                                         ", and the last one taken is " + to_string(last)};
  }
  last = place.position;
  link = place.link;
  return true;
}

}  // namespace annals::internal
