// expect: annals: this field has a type that cannot be stored
// names: Loan
#include <chrono>
#include <string>

#include <annals/projections/projection.hpp>

namespace library {
struct Lent {
  std::string book;
  ANNALS_EVENT(Lent, "lent", book);
};

struct Loan {
  std::string book;
#ifdef WRONG
  std::chrono::days time{};
#else
  int time = 0;
#endif
  ANNALS_ROW(Loan, "loans", (book), time);

  using Events = annals::Events<Lent>;
  static std::string keys(const Lent& e) { return e.book; }
  void evolve(const Lent& /*e*/) {}
};

struct Loans {
  static constexpr auto name = "loans";
  static constexpr int version = 1;
  using Tables = annals::Tables<Loan>;
};
}  // namespace library

const auto& use() { return annals::projection_type_of<library::Loans>(); }
