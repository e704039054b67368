// expect: annals: this struct has a data member that is not in its field list
// names: every_member_is_listed<bank::Booked, 2, 3>
#include <annals/codec/event_type.hpp>

// std::array and nested aggregates count as one member each.
namespace bank {
struct Range {
  int first = 0;
  int last = 0;
  ANNALS_FIELDS(Range, first, last);
};
struct Booked {
  std::array<int, 3> legs{};
  Range range{};
  std::array<Range, 2> ranges{};
#ifdef WRONG
  ANNALS_EVENT(Booked, "booked", legs, range);
#else
  ANNALS_EVENT(Booked, "booked", legs, range, ranges);
#endif
};
}  // namespace bank

auto use() { return annals::to_json(bank::Booked{}); }
