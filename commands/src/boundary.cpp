#include <annals/commands/boundary.hpp>

namespace annals {

void Boundary::add(const AggregateType& type, std::string_view id) {
  for (const Aggregate& known : aggregates_) {
    if (known.type == &type && known.id == id) return;
  }
  aggregates_.push_back({&type, std::string(id), stream_name(type, id)});
}

void Boundary::add(const FoldType* type, Query query) {
  queries_.push_back({type, std::move(query)});
}

void Boundary::clear() {
  aggregates_.clear();
  queries_.clear();
}

}  // namespace annals
