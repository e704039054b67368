#include <annals/commands/boundary.hpp>

namespace annals {

void Boundary::add(const AggregateType& type, std::string_view id) {
  for (const Aggregate& known : aggregates_) {
    if (known.type == &type && known.id == id) return;
  }
  aggregates_.push_back({&type, std::string(id), stream_name(type, id)});
}

void Boundary::add(const FoldType* type, Query query) {
  for (const Selection& known : queries_) {
    if (known.type == type && known.query == query) return;
  }
  queries_.push_back({type, std::move(query)});
}

void Boundary::add_stored_names(const Upcasters& upcasters) {
  for (Selection& selection : queries_) {
    selection.query = upcasters.with_stored_names(std::move(selection.query));
  }
}

void Boundary::clear() {
  aggregates_.clear();
  queries_.clear();
}

}  // namespace annals
