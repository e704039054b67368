/// @file
/// What a command over several streams relies on.

#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/aggregates/aggregate.hpp>
#include <annals/aggregates/fold_type.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/query.hpp>

namespace annals {

/// The aggregates and queries that a decision rests on. All are loaded at one cut; the append
/// succeeds only if none of them has moved since.
///
///     static Boundary boundary(const Transfer& c) {
///       return Boundary{}.aggregate<Account>(c.from).aggregate<Account>(c.to);
///     }
class Boundary {
 public:
  struct Aggregate {
    const AggregateType* type;
    std::string id;
    std::string stream;
  };
  struct Selection {
    const FoldType* type;  ///< nullptr: relied on, but folded into nothing.
    Query query;
  };

  /// The aggregate A of this id, which is not empty; naming it twice is naming it once.
  template <typename A>
  Boundary& aggregate(std::string_view id) & {
    add(aggregate_type_of<A>(), id);
    return *this;
  }
  template <typename A>
  Boundary&& aggregate(std::string_view id) && {
    return std::move(aggregate<A>(id));
  }

  /// All events that `query` selects, folded into a T: `decide` takes it as `const QueryState<T>&`.
  /// At most one query for each T; naming it twice is naming it once. Types are those of today:
  /// events stored under earlier names (Upcasters::rename) are selected too. Tags are those that an
  /// event was stored with: a tag that its type got later does not select it.
  template <typename T>
  Boundary& query(Query query) & {
    add(&fold_type_of<T>(), std::move(query));
    return *this;
  }
  template <typename T>
  Boundary&& query(Query selection) && {
    return std::move(query<T>(std::move(selection)));
  }

  /// Nothing that `query` selects may be written between the load and the append.
  Boundary& unchanged(Query query) & {
    add(nullptr, std::move(query));
    return *this;
  }
  Boundary&& unchanged(Query query) && { return std::move(unchanged(std::move(query))); }

  const std::vector<Aggregate>& aggregates() const noexcept { return aggregates_; }
  const std::vector<Selection>& queries() const noexcept { return queries_; }

  void add(const AggregateType& type, std::string_view id);
  void add(const FoldType* type, Query query);
  /// Makes the queries select also what is stored under earlier names.
  void add_stored_names(const Upcasters& upcasters);
  void clear();

 private:
  std::vector<Aggregate> aggregates_;
  std::vector<Selection> queries_;
};

}  // namespace annals
