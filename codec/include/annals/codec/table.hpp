/// @file
/// One constexpr table per described struct: where templates end and compiled code begins.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <annals/codec/describe.hpp>
#include <annals/codec/member_count.hpp>
#include <annals/codec/storable.hpp>
#include <annals/codec/value_type.hpp>

namespace annals {

/// Rules that a user's types must keep. Each is a struct that fails to instantiate, so that the
/// first line of the compiler's message has the rule and the types.
namespace rule {

template <typename Struct, typename Access, typename Field>
struct field_can_be_stored {
  static constexpr bool holds = Storable<Field>;
  static_assert(holds,
                "annals: this field has a type that cannot be stored. Describe the type with "
                "ANNALS_FIELDS or ANNALS_ENUM, specialise annals::StoredText for it, or include "
                "<annals/codec/json_value.hpp> for nlohmann::json");
};

template <typename T>
struct type_can_be_stored {
  static constexpr bool holds = Storable<T>;
  static_assert(holds,
                "annals: this type cannot be stored. Describe it with ANNALS_EVENT, "
                "ANNALS_COMMAND, ANNALS_STATE, ANNALS_FIELDS or ANNALS_ENUM in its public part");
};

template <typename T>
struct struct_describes_itself {
  static constexpr bool check() {
    if constexpr (requires { typename T::annals_described_type; }) {
      return std::is_same_v<typename T::annals_described_type, T>;
    } else {
      return true;
    }
  }
  static constexpr bool holds = check();
  static_assert(holds,
                "annals: the first argument of the macro that describes a struct must be that very "
                "struct; one that is derived from a described struct must be described itself");
};

template <typename T>
struct struct_is_default_constructible {
  static constexpr bool holds = std::is_default_constructible_v<T>;
  static_assert(holds,
                "annals: a described struct must be default constructible: T{} is what "
                "stored text is read into");
};

template <typename T, std::size_t Listed, std::size_t Members>
struct every_member_is_listed {
  static constexpr bool holds = Listed == Members;
  static_assert(holds,
                "annals: this struct has a data member that is not in its field list: it would not "
                "be stored");
};

template <typename T>
struct no_field_is_listed_twice {
  template <typename... Name, typename... Access>
  static constexpr bool check(
      const boost::hana::tuple<boost::hana::pair<Name, Access>...>* /*accessors*/) {
    const std::array<std::string_view, sizeof...(Name)> names{std::string_view(Name::c_str())...};
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names[i] == names[j]) return false;
      }
    }
    return true;
  }
  static constexpr bool holds =
      check(static_cast<std::remove_cvref_t<decltype(boost::hana::accessors<T>())>*>(nullptr));
  static_assert(holds, "annals: a field is listed twice");
};

template <typename T>
struct stored_name_is_valid {
  static constexpr bool check(std::string_view name) {
    if (name.empty() || name.size() > 255) return false;
    for (const char c : name) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\') return false;
    }
    return true;
  }
  static constexpr bool check() {
    if constexpr (Event<T>) {
      return check(T::annals_event_name);
    } else if constexpr (Command<T>) {
      return check(T::annals_command_name);
    } else {
      return true;
    }
  }
  static constexpr bool holds = check();
  static_assert(holds,
                "annals: a stored name is 1 to 255 bytes without control characters, "
                "quotes and backslashes");
};

}  // namespace rule

namespace detail {

/// `"amount":` as a static array.
template <typename Name>
struct KeyText {
  static constexpr std::size_t size = decltype(boost::hana::length(std::declval<Name>()))::value;
  static constexpr std::array<char, size + 3> text = [] {
    std::array<char, size + 3> result{};
    result[0] = '"';
    for (std::size_t i = 0; i < size; ++i) result[i + 1] = Name::c_str()[i];
    result[size + 1] = '"';
    result[size + 2] = ':';
    return result;
  }();
  static constexpr std::string_view key{text.data(), text.size()};
  static constexpr std::string_view name{text.data() + 1, size};
};

template <typename T, typename Access>
using FieldType = std::remove_cvref_t<decltype(Access{}(std::declval<T&>()))>;

template <typename T, typename Access>
void* field_address(void* object) {
  return std::addressof(Access{}(*static_cast<T*>(object)));
}

template <typename T, typename Name, typename Access>
consteval FieldEntry field_entry() {
  if constexpr (rule::field_can_be_stored<T, Access, FieldType<T, Access>>::holds) {
    return {KeyText<Name>::name, KeyText<Name>::key, &field_address<T, Access>,
            ValueTypeOf<FieldType<T, Access>>::value};
  } else {
    return {};
  }
}

template <typename T, typename... Name, typename... Access>
consteval std::array<FieldEntry, sizeof...(Name)> field_entries(
    const boost::hana::tuple<boost::hana::pair<Name, Access>...>* /*accessors*/) {
  return {field_entry<T, Name, Access>()...};
}

template <typename... Field>
consteval std::size_t field_count(const boost::hana::tuple<Field...>* /*accessors*/) {
  return sizeof...(Field);
}

/// What messages call a value of type T.
template <typename T>
consteval std::string_view type_label() {
  if constexpr (Event<T>) {
    return T::annals_event_name;
  } else if constexpr (Command<T>) {
    return T::annals_command_name;
  } else if constexpr (requires { T::annals_type_name; }) {
    return T::annals_type_name;
  } else {
    return "value";
  }
}

template <typename T, std::size_t Listed>
consteval bool every_rule_holds() {
  if constexpr (!rule::struct_describes_itself<T>::holds) {
    return false;
  } else if constexpr (!rule::struct_is_default_constructible<T>::holds) {
    return false;
  } else if constexpr (!rule::no_field_is_listed_twice<T>::holds) {
    return false;
  } else if constexpr (!rule::stored_name_is_valid<T>::holds) {
    return false;
  } else if constexpr (std::is_aggregate_v<T>) {
    return rule::every_member_is_listed<T, Listed, member_count<T>()>::holds;
  } else {
    return true;
  }
}

}  // namespace detail

/// The table of struct T. Made at compile time; instantiating it checks the rules.
template <typename T>
struct TableOf {
  using Accessors = std::remove_cvref_t<decltype(boost::hana::accessors<T>())>;
  static constexpr std::size_t count = detail::field_count(static_cast<const Accessors*>(nullptr));
  static_assert(count <= 64, "annals: a struct has at most 64 fields");
  // One broken rule is enough: what would follow from it is not instantiated.
  static constexpr bool valid = detail::every_rule_holds<T, count>();
  static constexpr std::array<FieldEntry, count> fields = [] {
    if constexpr (valid) {
      return detail::field_entries<T>(static_cast<const Accessors*>(nullptr));
    } else {
      return std::array<FieldEntry, count>{};
    }
  }();
  static constexpr StructTable value{detail::type_label<T>(), fields.data(), count};
};

/// The table of a described struct.
template <Described T>
constexpr const StructTable& table_of() noexcept {
  return TableOf<T>::value;
}

}  // namespace annals
