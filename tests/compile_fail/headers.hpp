// What the cases of this folder include, read once for all of them. Not
// <annals/codec/json_value.hpp>: one of them is about its being left out.

#include <chrono>
#include <string>
#include <string_view>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/event_type.hpp>
#include <annals/codec/money.hpp>
#include <annals/commands/command_bus.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/row.hpp>
#include <annals/queries/query_bus.hpp>
