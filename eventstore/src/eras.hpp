#pragma once

#include <functional>
#include <span>
#include <string>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals::internal {

/// The era in which `position` was written. REQUIRES: !eras.empty()
Era era_of(std::span<const EraBegin> eras, GlobalPosition position);

/// What EventStore::resume() answers, in a store of these eras.
Result<Checkpoint> moved_to_present_era(const Checkpoint& checkpoint, const StoreId& store,
                                        std::span<const EraBegin> eras,
                                        const std::function<Result<Link>(GlobalPosition)>& link_at);

/// Diverged.
Error beyond_head(GlobalPosition position, GlobalPosition head);
/// Invalid_argument: position 0, where an append was asked for.
Error before_first_event();

/// Whether these can be the eras of a store: they begin with 1 after 0 and rise.
bool are_eras(std::span<const EraBegin> eras);

}  // namespace annals::internal
