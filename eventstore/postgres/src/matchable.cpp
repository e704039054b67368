#include "matchable.hpp"

#include <algorithm>

#include "text_rules.hpp"

namespace annals::internal {

bool can_be_a_name(std::string_view name) { return !name.empty() && is_plain_text(name); }

std::optional<Query> matchable(const Query& query) {
  Query kept;
  for (QueryItem item : query.items) {
    bool possible = std::all_of(item.tags.begin(), item.tags.end(), can_be_a_name);
    for (auto* names : {&item.streams, &item.categories, &item.types}) {
      if (names->empty()) continue;
      // The category of "-7" is empty.
      const bool may_be_empty = names == &item.categories;
      std::erase_if(*names, [&](const std::string& name) {
        return !can_be_a_name(name) && !(may_be_empty && name.empty());
      });
      possible = possible && !names->empty();
    }
    if (possible) kept.items.push_back(std::move(item));
  }
  if (kept.items.empty() && !query.items.empty()) return std::nullopt;
  return kept;
}

}  // namespace annals::internal
