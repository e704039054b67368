/// @file
/// A query as a user writes it, checked when it is compiled.
///
///     struct BalanceOf {
///       std::string account;
///       using Projection = Balances;   // or Projections = annals::ProjectionList<A, B>
///       annals::Result<std::optional<AccountBalance>> answer(annals::Rows& rows) const {
///         return rows.find<AccountBalance>(account);
///       }
///     };

#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <annals/projections/projection.hpp>
#include <annals/projections/rows.hpp>

namespace annals {

/// The projections that a query reads.
template <typename... P>
struct ProjectionList {
  static constexpr std::array<const ProjectionType*, sizeof...(P)> types{
      &projection_type_of<P>()...};
};

namespace detail {
template <typename T>
constexpr bool is_result = false;
template <typename T>
constexpr bool is_result<Result<T>> = true;

/// Stands for the answer of a query that has none, once that was said.
struct NoAnswer {};
template <typename T>
struct ValueOfResult {
  using Type = NoAnswer;
};
template <typename T>
struct ValueOfResult<Result<T>> {
  using Type = T;
};
}  // namespace detail

namespace rule {

template <typename Q>
struct query_names_its_projection {
  static constexpr bool holds = requires { typename Q::Projection; }
  || requires { Q::Projections::types; };
  static_assert(holds,
                "annals: a query names the projection it reads: using Projection = Balances; or "
                "using Projections = annals::ProjectionList<Balances, Totals>;");
};

template <typename Q>
struct query_answers {
  static constexpr bool holds = [] {
    if constexpr (requires(const Q& query, Rows& rows) { query.answer(rows); }) {
      return detail::is_result<decltype(std::declval<const Q&>().answer(std::declval<Rows&>()))>;
    } else {
      return false;
    }
  }();
  static_assert(holds, "annals: a query has 'annals::Result<…> answer(annals::Rows&) const'");
};

}  // namespace rule

namespace detail {
template <typename Q>
struct AnswerTypeOf {
  static constexpr auto returned() {
    if constexpr (rule::query_answers<Q>::holds) {
      return std::type_identity<decltype(std::declval<const Q&>().answer(std::declval<Rows&>()))>{};
    } else {
      return std::type_identity<NoAnswer>{};
    }
  }
  using Type = typename ValueOfResult<typename decltype(returned())::type>::Type;
};
}  // namespace detail

/// What a query of type Q gives.
template <typename Q>
using AnswerOf = typename detail::AnswerTypeOf<Q>::Type;

/// A query type. There is one object per type: addresses compare.
struct QueryType {
  std::string_view name;  ///< The C++ name of a described struct, or "query": for messages.
  std::span<const ProjectionType* const> projections;
};

namespace detail {

template <typename Q>
struct QueryTypeOf {
  static constexpr auto projections() {
    if constexpr (requires { typename Q::Projection; }) {
      return ProjectionList<typename Q::Projection>::types;
    } else if constexpr (rule::query_names_its_projection<Q>::holds) {
      return Q::Projections::types;
    } else {
      return std::array<const ProjectionType*, 0>{};
    }
  }
  static constexpr auto list = projections();
  static constexpr std::string_view name() {
    if constexpr (requires { Q::annals_type_name; }) {
      return Q::annals_type_name;
    } else {
      return "query";
    }
  }
  static constexpr QueryType value{name(), list};
};

}  // namespace detail

template <typename Q>
constexpr const QueryType& query_type_of() noexcept {
  return detail::QueryTypeOf<Q>::value;
}

}  // namespace annals
