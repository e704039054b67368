/// @file
/// Which partition of a topic a stream's events go to.

#pragma once

#include <cstdint>
#include <string_view>

namespace annals {

/// The name of the rule below, as it is kept with a relay's checkpoint.
inline constexpr std::string_view partitioner_name = "murmur2";

/// Kafka's own hash of keys: MurmurHash2, 32 bits, with the seed that its Java client uses.
std::uint32_t murmur2(std::string_view bytes) noexcept;

/// The partition of `stream` in a topic of so many: the one that Kafka's Java client gives to that
/// key, so that what others produce or join by key falls into the same one.
///
/// REQUIRES: partitions > 0
std::uint32_t partition_of(std::string_view stream, std::uint32_t partitions) noexcept;

}  // namespace annals
