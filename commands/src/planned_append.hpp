#pragma once

#include <annals/aggregates/decision.hpp>
#include <annals/eventstore/append.hpp>
#include <annals/eventstore/result.hpp>

#include "job.hpp"

namespace annals::internal {

/// What to append for a job whose boundary is loaded: the decision's events with their streams,
/// tags and times, a check for every aggregate and a condition for every query of the boundary.
/// Without events (a rejection, or nothing to do) it asks the log just whether all is as loaded.
/// Sets job.event_parts.
///
/// Errors: invalid_argument, for an event that its target does not list, whose target is not in the
/// boundary or not clear, or that cannot be written as JSON.
Result<AppendRequest> plan_append(Job& job, const Decision& decision);

}  // namespace annals::internal
