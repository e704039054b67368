// expect: annals: the first argument of the macro that describes a struct must be that very struct
// names: struct_describes_itself<bank::Salary>
#include <annals/codec/event_type.hpp>

// The description of the base would be taken for the whole.
namespace bank {
struct Deposited {
  annals::Money amount{};
  ANNALS_EVENT(Deposited, "deposited", amount);
};
#ifdef WRONG
struct Salary : Deposited {
  std::string employer;
};
#else
struct Salary {
  Deposited deposited{};
  std::string employer;
  ANNALS_EVENT(Salary, "salary", deposited, employer);
};
#endif
}  // namespace bank

auto use() { return annals::to_json(bank::Salary{}); }
