/// @file
/// Lets a value type of yours be stored as a string.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace annals {

/// Specialise it to use a type of your own as a field, or as a key of a std::map:
///
///     template <>
///     struct annals::StoredText<bank::Iban> {
///       static constexpr std::string_view expected = "an IBAN such as \"DE75512108001245126199\"";
///       static std::optional<bank::Iban> parse(std::string_view text);  // nothing: it is not one
///       static std::string format(const bank::Iban& iban);              // UTF-8
///     };
///
/// `parse(format(x)) == x` must hold. Exceptions from either become errors.
template <typename T>
struct StoredText;

template <typename T>
concept StoredAsText = requires(const T& value, std::string_view text) {
  std::string_view(StoredText<T>::expected);
  std::optional<T>(StoredText<T>::parse(text));
  std::string(StoredText<T>::format(value));
};

}  // namespace annals
