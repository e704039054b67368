#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <annals/projections/checkpoint_record.hpp>

#include "connection.hpp"

namespace annals::sqlite_rows {

/// The table annals_checkpoints. Functions run in whatever transaction the connection is in.
Result<void> create_checkpoint_table(Connection& connection);

/// `schema`: main, or the name of a database that is attached.
Result<std::optional<CheckpointRecord>> find_record(Connection& connection,
                                                    std::string_view projection,
                                                    const char* schema = "main");
/// By name.
Result<std::vector<CheckpointRecord>> all_records(Connection& connection);

/// Inserts the record, or replaces the one of its projection.
Result<void> write_record(Connection& connection, const CheckpointRecord& record);

}  // namespace annals::sqlite_rows
