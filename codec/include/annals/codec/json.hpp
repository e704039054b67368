/// @file
/// Structs to JSON text and back.
///
/// Reading goes straight from the text into the struct. It is strict: a missing field, a key given
/// twice, a value of another type, a number that does not fit, bad UTF-8, half a surrogate pair, a
/// control character, nesting deeper than 64 and anything after the value are errors that name the
/// type, the path and what was expected:
///
///     money_withdrawn: field 'amuont': is not a field of this type (did you mean 'amount'?)
///
/// Integers are JSON integers, money and times are strings, enums are their names. An empty
/// optional is left out when written; absent or null when read.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <annals/codec/describe.hpp>
#include <annals/codec/storable.hpp>
#include <annals/codec/table.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

/// What to do about a field that the struct does not have, nested structs included.
enum class UnknownFields : std::uint8_t {
  refuse,  ///< An error: right for what people send.
  ignore,  ///< Checked to be JSON and skipped: right for events, which a newer writer may extend.
};

/// How deep objects and arrays may be nested.
inline constexpr std::size_t json_depth_max = 64;

namespace detail {
Result<void> read_value(std::string_view text, const ValueType& type, void* value,
                        std::string_view label, UnknownFields unknown);
Result<void> write_value(const ValueType& type, const void* value, std::string_view label,
                         std::string& out);
}  // namespace detail

/// Reads `text` into `value`, reusing the memory that it has. On success every field has been set;
/// after an error the value is valid but unspecified.
///
/// Errors: invalid_argument.
template <typename T>
Result<void> read_json(std::string_view text, T& value,
                       UnknownFields unknown = UnknownFields::refuse) {
  if constexpr (rule::type_can_be_stored<T>::holds) {
    return detail::read_value(text, ValueTypeOf<T>::value, &value, detail::type_label<T>(),
                              unknown);
  } else {
    return {};
  }
}

/// Reads a value from `text`. Errors: invalid_argument.
template <typename T>
Result<T> from_json(std::string_view text, UnknownFields unknown = UnknownFields::refuse) {
  T value{};
  if (auto read = read_json(text, value, unknown); !read) return std::move(read).error();
  return value;
}

/// Appends `value` to `out`; after an error `out` is as before.
///
/// Errors: invalid_argument for what could not be read again: a string that is not UTF-8, a double
/// that is not finite, an enum value without a name, a time outside the years 0000 to 9999, nesting
/// deeper than 64.
template <typename T>
Result<void> write_json(const T& value, std::string& out) {
  if constexpr (rule::type_can_be_stored<T>::holds) {
    return detail::write_value(ValueTypeOf<T>::value, &value, detail::type_label<T>(), out);
  } else {
    return {};
  }
}

/// The text of `value`, without spaces, fields in the order of the field list. Errors: as
/// write_json.
template <typename T>
Result<std::string> to_json(const T& value) {
  std::string text;
  if (auto written = write_json(value, text); !written) return std::move(written).error();
  return text;
}

}  // namespace annals
