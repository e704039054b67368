/// @file
/// A value, or the reason there is none.

#pragma once

#include <optional>
#include <utility>
#include <variant>

#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/error.hpp>

namespace annals {

/// A value, or the reason there is none. C++20 has no std::expected; the member names are the same
/// as std::expected's, so that this can become an alias for it later. Reading the side that is not
/// there is a programmer's error and aborts, in release builds too.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{…};` are how functions end.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// REQUIRES: has_value()
  T& value() & noexcept {
    ANNALS_ASSERT(has_value(), to_string(error()));
    return *std::get_if<0>(&state_);
  }
  const T& value() const& noexcept {
    ANNALS_ASSERT(has_value(), to_string(error()));
    return *std::get_if<0>(&state_);
  }
  T&& value() && noexcept {
    ANNALS_ASSERT(has_value(), to_string(error()));
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  /// REQUIRES: !has_value()
  Error& error() & noexcept {
    ANNALS_ASSERT(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& noexcept {
    ANNALS_ASSERT(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }
  Error&& error() && noexcept {
    ANNALS_ASSERT(!has_value(), "error() of a Result that holds a value");
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or the reason for failure. `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// REQUIRES: !has_value()
  const Error& error() const& noexcept {
    ANNALS_ASSERT(error_.has_value(), "error() of a Result that holds a value");
    return *error_;
  }
  Error&& error() && noexcept {
    ANNALS_ASSERT(error_.has_value(), "error() of a Result that holds a value");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace annals
