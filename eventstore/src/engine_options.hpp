#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <annals/eventstore/limits.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/store_identity.hpp>

namespace annals::internal {

/// What the options of every engine that keeps its events must be. `options` is their name, for
/// messages: "LogOptions".
///
/// Errors: invalid_argument.
Result<void> check_engine_options(std::string_view options, const Limits& limits,
                                  std::chrono::microseconds max_clock_skew,
                                  const std::optional<StoreIdentity>& identity);

}  // namespace annals::internal
