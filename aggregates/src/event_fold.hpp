#pragma once

#include <annals/aggregates/fold_type.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// Applies one recorded event to a state of type `type`. After an error the state is unspecified.
///
/// Errors: corrupt, unsupported, both with the event's position.
Result<void> fold_event(const FoldType& type, const Upcasters& upcasters,
                        const RecordedEvent& event, void* state);

}  // namespace annals::internal
