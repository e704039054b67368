/// @file
/// Invariants that stay on in release builds.

#pragma once

#include <string_view>

namespace annals::detail {

/// Prints the broken invariant with its values and place to stderr, then aborts.
[[noreturn]] void assertion_failed(const char* expression, std::string_view values,
                                   const char* file, int line) noexcept;

}  // namespace annals::detail

/// Stops the process when an invariant of annals itself is broken; `values` is evaluated only then.
/// Never reachable by user input or by a damaged file: those are Errors.
#define ANNALS_ASSERT(condition, values) \
  (static_cast<bool>(condition)          \
       ? static_cast<void>(0)            \
       : ::annals::detail::assertion_failed(#condition, (values), __FILE__, __LINE__))
