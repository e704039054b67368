#pragma once

#include <optional>
#include <string_view>

#include <annals/eventstore/query.hpp>

namespace annals::internal {

/// Whether a stream, type, category or tag can have this name. What cannot is not asked about: a
/// server takes no text that is not UTF-8.
bool can_be_a_name(std::string_view name);

/// `query` without the names and items that no event can have; nothing if no event can match.
std::optional<Query> matchable(const Query& query);

}  // namespace annals::internal
