// expect: annals: this field has a type that cannot be stored
#include <annals/codec/event_type.hpp>

// A char could be a number or a letter; say which.
namespace bank {
struct Graded {
#ifdef WRONG
  char grade = 0;
#else
  std::int8_t grade = 0;
#endif
  ANNALS_EVENT(Graded, "graded", grade);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Graded{}); }
