/// @file
/// Counts the data members of an aggregate, so that a member forgotten in a field list is an error.

#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace annals::detail {

// Stands for a member of any type but the aggregate's own (else one initialiser would copy it). As
// it converts to an aggregate member whole, braces of nested aggregates and of std::array are never
// elided, and each of them counts once.
template <typename Aggregate>
struct AnyMember {
  template <typename T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, Aggregate>) operator T&()
      const&& noexcept;  // NOLINT(google-explicit-constructor)
  template <typename T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, Aggregate>) operator T&&()
      const&& noexcept;  // NOLINT(google-explicit-constructor)
};

template <typename T, std::size_t... I>
consteval bool takes_members(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyMember<T>{})...}; };
}

/// How many data members aggregate T has (a base class counts as one). REQUIRES: each of them can
/// be default-initialised.
template <typename T, std::size_t N = 0>
consteval std::size_t member_count() {
  if constexpr (takes_members<T>(std::make_index_sequence<N + 1>{})) {
    return member_count<T, N + 1>();
  } else {
    return N;
  }
}

}  // namespace annals::detail
