#pragma once

#include <string>
#include <vector>

#include <annals/eventstore/query.hpp>

#include "index_part.hpp"

namespace annals::internal {

/// A query whose names are hashed once, for any number of parts. The query must outlive it.
class HashedQuery {
 public:
  HashedQuery(const Query& query, const KeyHasher& hasher);

  /// Adds to `found` up to `max` positions of the part between `first` and `last`, both included,
  /// whose events match. REQUIRES: the part is ready, and the range lies in it.
  void select(const IndexPart& part, GlobalPosition first, GlobalPosition last, std::size_t max,
              std::vector<GlobalPosition>& found) const;
  /// The same from `last` down to `first`.
  void select_backward(const IndexPart& part, GlobalPosition first, GlobalPosition last,
                       std::size_t max, std::vector<GlobalPosition>& found) const;

  /// False: no event of the part matches.
  bool may_match(const IndexPart& part) const;

 private:
  struct Name {
    const std::string* text;
    KeyHash hash;
  };
  struct Item {
    std::vector<Name> streams, categories, types, tags;
    bool everything() const {
      return streams.empty() && categories.empty() && types.empty() && tags.empty();
    }
  };

  template <typename Order>
  void walk(const IndexPart& part, GlobalPosition first, GlobalPosition last, std::size_t max,
            std::vector<GlobalPosition>& found) const;

  std::vector<Item> items_;
  bool everything_ = false;
};

}  // namespace annals::internal
