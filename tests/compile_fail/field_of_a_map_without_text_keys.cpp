// expect: annals: this field has a type that cannot be stored
#include <annals/codec/event_type.hpp>

namespace bank {
struct Rated {
#ifdef WRONG
  std::map<double, int> rates;
#else
  std::map<std::string, int> rates;
#endif
  ANNALS_EVENT(Rated, "rated", rates);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Rated{}); }
