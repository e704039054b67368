/// @file
/// nlohmann::json as the value type of upcasters and as a field. The one header of annals that has
/// a third-party type in it; it costs over a second of compile time, so include it where it is
/// used.

#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include <annals/codec/storable.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/codec/value_type.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

namespace detail {
/// Reads and writes nlohmann::json; compiled in the library.
extern const JsonShape json_value_shape;
}  // namespace detail

/// A field of type nlohmann::json holds any JSON: the same strictness, also for keys given twice.
template <>
struct ValueTypeOf<nlohmann::json> {
  static constexpr ValueType value{ValueKind::json, &detail::json_value_shape};
};

/// Reads any JSON, as strictly as into a struct. Errors: invalid_argument.
Result<nlohmann::json> parse_json(std::string_view text);

/// One step of an event's shape: made from any function that takes a nlohmann::json and returns
/// one, or a Result of one. See Upcasters::add.
class JsonUpcaster {
 public:
  template <typename Function>
  requires std::invocable<const Function&, nlohmann::json> &&
      std::convertible_to<std::invoke_result_t<const Function&, nlohmann::json>,
                          Result<nlohmann::json>>
      // NOLINTNEXTLINE(google-explicit-constructor)
      JsonUpcaster(Function function) : function_(std::move(function)) {}

  /// May throw what the function throws.
  Result<nlohmann::json> operator()(nlohmann::json event) const {
    return function_(std::move(event));
  }

 private:
  std::function<Result<nlohmann::json>(nlohmann::json)> function_;
};

}  // namespace annals
