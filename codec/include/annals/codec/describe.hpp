/// @file
/// Describes plain structs: which members are stored, under which names.
///
///     struct MoneyWithdrawn {
///       Money amount{};
///       ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount);
///     };
///
/// The macro stands in the public part of the struct, after its members, and names every one of
/// them; the struct stays an aggregate. It gives the struct the hook of Boost.Hana, so that it is a
/// hana::Struct too. A member keeps the name it is stored under for good: the name is in history.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/preprocessor/punctuation/comma_if.hpp>
#include <boost/preprocessor/seq/for_each_i.hpp>
#include <boost/preprocessor/variadic/to_seq.hpp>

namespace annals {

/// A struct whose fields are known: by one of the macros below, or by Boost.Hana's own.
template <typename T>
concept Described = std::is_class_v<T> && boost::hana::Struct<T>::value;

/// A struct with ANNALS_EVENT.
template <typename T>
concept Event = Described<T> && requires {
  T::annals_event_name;
};

/// A struct with ANNALS_COMMAND.
template <typename T>
concept Command = Described<T> && requires {
  T::annals_command_name;
};

/// An enumeration with ANNALS_ENUM.
template <typename T>
concept DescribedEnum = std::is_enum_v<T> && requires(T value) {
  annals_enumerators(value);
};

/// The name that events of this type are stored under: "money_withdrawn".
template <Event E>
constexpr std::string_view event_name() noexcept {
  return E::annals_event_name;
}

/// The version of the shape that events of this type are written in: the struct's own
/// `static constexpr std::uint32_t schema_version`, or 1.
template <Event E>
constexpr std::uint32_t event_schema_version() noexcept {
  if constexpr (requires { E::schema_version; }) {
    return E::schema_version;
  } else {
    return 1;
  }
}

/// The name that commands of this type are sent under: "withdraw".
template <Command C>
constexpr std::string_view command_name() noexcept {
  return C::annals_command_name;
}

namespace detail {

/// A string literal as a template argument.
template <std::size_t N>
struct FixedString {
  char text[N]{};
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr FixedString(const char (&literal)[N]) { std::copy_n(literal, N, text); }
};

template <FixedString S, std::size_t... I>
constexpr auto hana_name(std::index_sequence<I...>) {
  return boost::hana::string_c<S.text[I]...>;
}

/// What Hana reads a field through. A member pointer as a template argument, so that a broken rule
/// names the field: `MemberAccess<&bank::MoneyWithdrawn::amount>`.
template <auto Pointer>
struct MemberAccess {
  template <typename T>
  constexpr decltype(auto) operator()(T&& object) const {
    return (static_cast<T&&>(object).*Pointer);
  }
};

template <FixedString Name, auto Pointer>
constexpr auto hana_field() {
  return boost::hana::make_pair(hana_name<Name>(std::make_index_sequence<sizeof(Name.text) - 1>{}),
                                MemberAccess<Pointer>{});
}

/// One entry of an enumeration: the name it is stored under, and its value.
struct Enumerator {
  std::string_view name;
  std::int64_t value = 0;
};

}  // namespace detail
}  // namespace annals

// clang-format off
#define ANNALS_DETAIL_NAMED_FIELD(type, member) \
  ::annals::detail::hana_field<#member, &type::member>()
#define ANNALS_DETAIL_FIELD(r, type, index, member) \
  BOOST_PP_COMMA_IF(index) ANNALS_DETAIL_NAMED_FIELD(type, member)
#define ANNALS_DETAIL_NAMED_ENUMERATOR(type, name) \
  ::annals::detail::Enumerator{#name, static_cast<::std::int64_t>(type::name)}
#define ANNALS_DETAIL_ENUMERATOR(r, type, index, name) \
  BOOST_PP_COMMA_IF(index) ANNALS_DETAIL_NAMED_ENUMERATOR(type, name)
#define ANNALS_DETAIL_EACH(macro, type, ...) \
  __VA_OPT__(BOOST_PP_SEQ_FOR_EACH_I(macro, type, BOOST_PP_VARIADIC_TO_SEQ(__VA_ARGS__)))

#define ANNALS_DETAIL_DESCRIBE(type, ...)                                              \
  using annals_described_type = type;                                                  \
  static constexpr ::std::string_view annals_type_name = #type;                        \
  struct hana_accessors_impl {                                                         \
    static constexpr auto apply() {                                                    \
      return ::boost::hana::make_tuple(                                                \
          ANNALS_DETAIL_EACH(ANNALS_DETAIL_FIELD, type __VA_OPT__(,) __VA_ARGS__));    \
    }                                                                                  \
  }
// clang-format on

/// Describes a nested struct: `ANNALS_FIELDS(Type, member, …)`, at most 64 members, none is fine.
#define ANNALS_FIELDS(type, ...) ANNALS_DETAIL_DESCRIBE(type __VA_OPT__(, ) __VA_ARGS__)

/// Describes the state of an aggregate or of any fold, which makes snapshots of it possible:
/// `ANNALS_STATE(Type, member, …)`.
#define ANNALS_STATE(type, ...) ANNALS_DETAIL_DESCRIBE(type __VA_OPT__(, ) __VA_ARGS__)

/// Describes an event: `ANNALS_EVENT(Type, "stored_name", member, …)`. When the shape of an event
/// that is already stored somewhere has to change, give the struct
/// `static constexpr std::uint32_t schema_version = 2;` and an upcaster from 1.
#define ANNALS_EVENT(type, stored_name, ...)                           \
  static constexpr ::std::string_view annals_event_name = stored_name; \
  ANNALS_DETAIL_DESCRIBE(type __VA_OPT__(, ) __VA_ARGS__)

/// Describes a command: `ANNALS_COMMAND(Type, "stored_name", member, …)`.
#define ANNALS_COMMAND(type, stored_name, ...)                           \
  static constexpr ::std::string_view annals_command_name = stored_name; \
  ANNALS_DETAIL_DESCRIBE(type __VA_OPT__(, ) __VA_ARGS__)

/// Describes an enumeration, which is stored by the names given here:
/// `ANNALS_ENUM(Channel, branch, web, atm);` beside it at namespace scope, or
/// `friend ANNALS_ENUM(Channel, branch, web, atm);` in the struct it is nested in.
#define ANNALS_ENUM(type, ...)                                                            \
  constexpr auto annals_enumerators(type) {                                               \
    return ::std::array{ANNALS_DETAIL_EACH(ANNALS_DETAIL_ENUMERATOR, type, __VA_ARGS__)}; \
  }                                                                                       \
  static_assert(::std::is_enum_v<type>, "annals: ANNALS_ENUM describes an enumeration")
