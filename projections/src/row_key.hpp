#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <annals/projections/cell.hpp>

namespace annals::internal {

/// Adds one member of a key to `bytes`. Keys have equal bytes only if they are equal; the bytes are
/// the same on every machine, for partitions are told by them.
void append_key(const Cell& cell, std::string& bytes);

/// What tells its partition.
std::uint64_t key_hash(std::string_view key);

/// As annals::partition_of, of the key's bytes.
std::uint32_t partition_of(std::string_view key, std::uint32_t count);

}  // namespace annals::internal
