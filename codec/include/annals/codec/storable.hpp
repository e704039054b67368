/// @file
/// Which types can be stored, and as what.

#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <annals/codec/describe.hpp>
#include <annals/codec/money.hpp>
#include <annals/codec/stored_text.hpp>
#include <annals/codec/value_type.hpp>
#include <annals/eventstore/id.hpp>
#include <annals/eventstore/time.hpp>

namespace annals {

/// How T is stored; not defined for types that cannot be. nlohmann::json becomes storable with
/// <annals/codec/json_value.hpp>.
template <typename T>
struct ValueTypeOf;

/// bool, integers of every width, double, std::string, Timestamp, std::chrono::year_month_day,
/// Money, Id, described enums and structs, StoredText types; std::optional, std::vector, std::set,
/// std::array and std::map of them.
template <typename T>
concept Storable = requires {
  sizeof(ValueTypeOf<T>);
};

template <typename T>
struct TableOf;  // table.hpp

namespace detail {

template <typename T, typename... U>
concept OneOf = (std::same_as<T, U> || ...);

/// Integers proper: no bool and no characters.
template <typename T>
concept StorableInteger =
    std::integral<T> && !OneOf<T, bool, char, wchar_t, char8_t, char16_t, char32_t> &&
    sizeof(T) <= 8;

template <typename T>
constexpr bool is_optional = false;
template <typename T>
constexpr bool is_optional<std::optional<T>> = true;
template <typename T>
constexpr bool is_id = false;
template <typename Tag>
constexpr bool is_id<Id<Tag>> = true;

template <typename T>
concept StorableKey = OneOf<T, std::string, Timestamp, std::chrono::year_month_day> ||
    StorableInteger<T> || DescribedEnum<T> || StoredAsText<T> || is_id<T>;

template <StorableInteger T>
consteval ValueKind integer_kind() {
  constexpr int first = static_cast<int>(std::is_signed_v<T> ? ValueKind::int8 : ValueKind::uint8);
  constexpr int width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return static_cast<ValueKind>(first + width);
}

template <ValueKind Kind>
struct Plain {
  static constexpr ValueType value{Kind, nullptr};
};

}  // namespace detail

template <>
struct ValueTypeOf<bool> : detail::Plain<ValueKind::boolean> {};
template <detail::StorableInteger T>
struct ValueTypeOf<T> : detail::Plain<detail::integer_kind<T>()> {};
template <>
struct ValueTypeOf<double> : detail::Plain<ValueKind::float64> {};
template <>
struct ValueTypeOf<std::string> : detail::Plain<ValueKind::string> {};
template <>
struct ValueTypeOf<Timestamp> : detail::Plain<ValueKind::timestamp> {};
template <>
struct ValueTypeOf<std::chrono::year_month_day> : detail::Plain<ValueKind::date> {};
template <>
struct ValueTypeOf<Money> : detail::Plain<ValueKind::money> {};
template <typename Tag>
struct ValueTypeOf<Id<Tag>> : detail::Plain<ValueKind::id> {};

template <StoredAsText T>
struct ValueTypeOf<T> {
  static bool parse(std::string_view text, void* value) {
    std::optional<T> parsed = StoredText<T>::parse(text);
    if (parsed) *static_cast<T*>(value) = std::move(*parsed);
    return parsed.has_value();
  }
  static std::string format(const void* value) {
    return StoredText<T>::format(*static_cast<const T*>(value));
  }
  static constexpr TextShape shape{StoredText<T>::expected, &parse, &format};
  static constexpr ValueType value{ValueKind::text, &shape};
};

template <DescribedEnum T>
struct ValueTypeOf<T> {
  static constexpr auto enumerators = annals_enumerators(T{});
  static constexpr EnumShape shape{enumerators.data(), enumerators.size(), sizeof(T)};
  static constexpr ValueType value{ValueKind::enumeration, &shape};
};

template <Storable T>
requires(!detail::is_optional<T>) struct ValueTypeOf<std::optional<T>> {
  static const void* get(const void* optional) {
    const auto& value = *static_cast<const std::optional<T>*>(optional);
    return value ? &*value : nullptr;
  }
  static void* engage(void* optional) {
    auto& value = *static_cast<std::optional<T>*>(optional);
    return value ? &*value : &value.emplace();
  }
  static void reset(void* optional) { static_cast<std::optional<T>*>(optional)->reset(); }
  static constexpr OptionalShape shape{&ValueTypeOf<T>::value, &get, &engage, &reset};
  static constexpr ValueType value{ValueKind::optional, &shape};
};

template <Storable T>
struct ValueTypeOf<std::vector<T>> {
  using List = std::vector<T>;
  static void clear(void* list) { static_cast<List*>(list)->clear(); }
  static Added add(void* list, ElementReader& reader) {
    if constexpr (std::is_same_v<T, bool>) {
      bool element = false;
      if (!reader.read_value(&element)) return Added::failed;
      static_cast<List*>(list)->push_back(element);
      return Added::added;
    } else {
      T& element = static_cast<List*>(list)->emplace_back();
      return reader.read_value(&element) ? Added::added : Added::failed;
    }
  }
  static bool each(const void* list, ElementVisitor& visitor) {
    for (const T& element : *static_cast<const List*>(list)) {
      if (!visitor.visit(nullptr, &element)) return false;
    }
    return true;
  }
  static constexpr ListShape shape{&ValueTypeOf<T>::value, &clear, &add, &each};
  static constexpr ValueType value{ValueKind::list, &shape};
};

template <Storable T>
struct ValueTypeOf<std::set<T>> {
  using List = std::set<T>;
  static void clear(void* list) { static_cast<List*>(list)->clear(); }
  static Added add(void* list, ElementReader& reader) {
    T element{};
    if (!reader.read_value(&element)) return Added::failed;
    return static_cast<List*>(list)->insert(std::move(element)).second ? Added::added
                                                                       : Added::duplicate;
  }
  static bool each(const void* list, ElementVisitor& visitor) {
    for (const T& element : *static_cast<const List*>(list)) {
      if (!visitor.visit(nullptr, &element)) return false;
    }
    return true;
  }
  static constexpr ListShape shape{&ValueTypeOf<T>::value, &clear, &add, &each};
  static constexpr ValueType value{ValueKind::list, &shape};
};

template <Storable T, std::size_t N>
struct ValueTypeOf<std::array<T, N>> {
  static_assert(N == 0 || sizeof(std::array<T, N>) == N * sizeof(T));
  static constexpr ArrayShape shape{&ValueTypeOf<T>::value, N, sizeof(T)};
  static constexpr ValueType value{ValueKind::array, &shape};
};

template <detail::StorableKey K, Storable T>
struct ValueTypeOf<std::map<K, T>> {
  using Map = std::map<K, T>;
  static void clear(void* map) { static_cast<Map*>(map)->clear(); }
  static Added add(void* map, ElementReader& reader) {
    K key{};
    if (!reader.read_key(&key)) return Added::failed;
    const auto [place, fresh] = static_cast<Map*>(map)->try_emplace(std::move(key));
    if (!fresh) return Added::duplicate;
    return reader.read_value(&place->second) ? Added::added : Added::failed;
  }
  static bool each(const void* map, ElementVisitor& visitor) {
    for (const auto& [key, element] : *static_cast<const Map*>(map)) {
      if (!visitor.visit(&key, &element)) return false;
    }
    return true;
  }
  static constexpr MapShape shape{&ValueTypeOf<K>::value, &ValueTypeOf<T>::value, &clear, &add,
                                  &each};
  static constexpr ValueType value{ValueKind::map, &shape};
};

template <Described T>
requires(!StoredAsText<T>) struct ValueTypeOf<T> {
  static constexpr ValueType value{ValueKind::structure, &TableOf<T>::value};
};

}  // namespace annals
