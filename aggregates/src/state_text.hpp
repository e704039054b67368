#pragma once

#include <string>
#include <string_view>

#include <annals/aggregates/state.hpp>

namespace annals::internal {

/// Appends the state as JSON; false if it cannot be written. REQUIRES: its type has a table.
bool write_state(const AnyState& state, std::string& out);

/// Reads what write_state wrote; false if it is anything else. REQUIRES: the type has a table.
bool read_state(std::string_view text, AnyState& state);

}  // namespace annals::internal
