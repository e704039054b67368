#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <annals/projections/checkpoint_record.hpp>

#include "connection.hpp"

namespace annals::sqlite_rows {

/// The table annals_checkpoints. Functions run in whatever transaction the connection is in.
Result<void> create_checkpoint_table(Connection& connection);
/// From format 1, in which projections had no partitions.
Result<void> upgrade_checkpoint_table(Connection& connection, std::int64_t format);

Result<std::optional<CheckpointRecord>> find_record(Connection& connection,
                                                    std::string_view projection,
                                                    std::uint32_t partition);
/// Of its partitions, in their order. `schema`: main, or the name of a database that is attached.
Result<std::vector<CheckpointRecord>> records_of(Connection& connection,
                                                 std::string_view projection,
                                                 const char* schema = "main");
/// By name and partition.
Result<std::vector<CheckpointRecord>> all_records(Connection& connection);

/// Forgets the partitions of a projection.
Result<void> erase_records(Connection& connection, std::string_view projection);
/// Inserts the record, or replaces the one of its partition.
Result<void> write_record(Connection& connection, const CheckpointRecord& record);

}  // namespace annals::sqlite_rows
