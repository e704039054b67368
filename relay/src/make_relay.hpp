#pragma once

#include <memory>

#include <annals/relay/relay.hpp>

#include "planted_bug.hpp"

namespace annals::internal {

/// annals::make_relay, with a mistake made on purpose.
Result<std::unique_ptr<Relay>> make_relay(const EventStore& store, RelayCheckpoints& checkpoints,
                                          RelayOptions options, PlantedBug bug);

}  // namespace annals::internal
