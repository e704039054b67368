/// @file
/// Metrics and readiness of a relay.

#pragma once

#include <string_view>

#include <annals/observability/observability.hpp>
#include <annals/relay/relay.hpp>

namespace annals {

/// Adds its RelayStatus to the metrics. Ready: it runs, and, if it leads, does not lag by more than
/// the options allow; one that stands by is ready. The rules of Observability hold: the relay is
/// touched when metrics or readiness are asked for.
Observability& watch(Observability& observability, const Relay& relay,
                     std::string_view name = "main");

}  // namespace annals
