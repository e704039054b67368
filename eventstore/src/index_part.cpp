#include "index_part.hpp"

namespace annals::internal {

namespace {

// The first ordinal in [0, count) for which `beyond` holds, or count.
template <typename Beyond>
std::uint32_t partition(std::uint32_t count, Beyond beyond) {
  std::uint32_t low = 0;
  while (count > 0) {
    const std::uint32_t half = count / 2;
    if (beyond(low + half)) {
      count = half;
    } else {
      low += half + 1;
      count -= half + 1;
    }
  }
  return low;
}

}  // namespace

std::uint32_t IndexPart::append_holding(std::uint32_t position) const {
  const std::uint32_t beyond =
      partition(append_count(), [&](std::uint32_t i) { return append(i).first > position; });
  return beyond == 0 ? 0 : beyond - 1;  // 0: an index that is wrong, which its reader finds out.
}

std::uint32_t IndexPart::appends_until(Timestamp time) const {
  return partition(append_count(), [&](std::uint32_t i) { return append(i).recorded_at > time; });
}

}  // namespace annals::internal
