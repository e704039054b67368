#include <annals/eventstore/assert.hpp>
#include <annals/projections/projection_runner.hpp>

namespace annals {

std::string_view to_string(ProjectionActivity activity) noexcept {
  switch (activity) {
    case ProjectionActivity::starting: return "starting";
    case ProjectionActivity::standing_by: return "standing_by";
    case ProjectionActivity::catching_up: return "catching_up";
    case ProjectionActivity::live: return "live";
    case ProjectionActivity::paused: return "paused";
    case ProjectionActivity::retrying: return "retrying";
    case ProjectionActivity::halted: return "halted";
    case ProjectionActivity::stopped: return "stopped";
  }
  ANNALS_ASSERT(false, "a projection's activity that has no name");
  return "";
}

}  // namespace annals
