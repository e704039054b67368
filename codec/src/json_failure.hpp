/// @file
/// Why JSON text cannot be read or written, and in which field.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <annals/eventstore/error.hpp>

namespace annals::detail {

/// What a reader and a writer have in common: the failure, noted where it is met, to which callers
/// on the way out add where they were.
class JsonFailure {
 public:
  /// The value is not what its type calls for. Returns false.
  bool fail(std::string why);
  /// Where the failure was, from the inside out.
  void inside_field(std::string_view name);
  void inside_index(std::size_t index);

  /// "<label>: field 'a.b[1]': <why>".
  Error take_error(std::string_view label);

 protected:
  JsonFailure() = default;
  ~JsonFailure() = default;

 private:
  void inside(std::string step);

  std::string why_;
  std::string path_;
};

/// Text for a message: control characters and broken UTF-8 as '?', cut when long.
std::string excerpt(std::string_view text);

}  // namespace annals::detail
