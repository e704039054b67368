#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/projections/read_model_store.hpp>

#include "connection.hpp"

namespace annals::sqlite_rows {

/// The table annals_parked: events that wait for a row of theirs to be mended. Functions run in
/// whatever transaction the connection is in; what is parked is read by parked_keys() and the like.
Result<void> create_parked_table(Connection& connection);

/// A column of annals_checkpoints in `schema`: the number of keys that are parked there.
std::string parked_keys_column(const char* schema);

/// What the batch parks, skips and unparks.
Result<void> write_parked(Connection& connection, const ProjectedBatch& batch);

/// As ReadModelStore::wish_parked, of a projection that is there.
Result<std::uint64_t> write_wish(Connection& connection, std::string_view projection,
                                 const std::optional<ParkedRow>& row, ParkedWish wish);

/// Everything that is parked for a projection is forgotten.
Result<void> drop_parked(Connection& connection, std::string_view projection);

}  // namespace annals::sqlite_rows
