/// @file
/// Writes JSON text.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/codec/value_type.hpp>

#include "json_failure.hpp"

namespace annals::detail {

/// Appends to a string. Functions return false once something cannot be written; callers on the way
/// out add where they were.
class JsonWriter : public JsonFailure {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  void raw(std::string_view text) { out_.append(text); }
  void raw(char c) { out_.push_back(c); }
  bool string(std::string_view text);
  void integer(std::int64_t value);
  void integer(std::uint64_t value);
  bool real(double value);

  /// Goes one level down, for an object or array.
  bool descend();
  void ascend() noexcept { --depth_; }

 private:
  std::string& out_;
  std::size_t depth_ = 0;
};

/// Writes a value of this type.
bool write_typed(JsonWriter& writer, const ValueType& type, const void* value);

}  // namespace annals::detail
