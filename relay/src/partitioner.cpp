#include <annals/eventstore/assert.hpp>
#include <annals/relay/partitioner.hpp>

namespace annals {

std::uint32_t murmur2(std::string_view bytes) noexcept {
  constexpr std::uint32_t multiplier = 0x5bd1e995;
  constexpr std::uint32_t seed = 0x9747b28c;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(bytes.size());
  const std::size_t whole = bytes.size() / 4 * 4;
  for (std::size_t at = 0; at < whole; at += 4) {
    std::uint32_t word = byte(at) | byte(at + 1) << 8U | byte(at + 2) << 16U | byte(at + 3) << 24U;
    word *= multiplier;
    word ^= word >> 24U;
    word *= multiplier;
    hash = hash * multiplier ^ word;
  }
  for (std::size_t at = bytes.size(); at-- > whole;) hash ^= byte(at) << 8U * (at - whole);
  if (whole < bytes.size()) hash *= multiplier;
  hash ^= hash >> 13U;
  hash *= multiplier;
  return hash ^ hash >> 15U;
}

std::uint32_t partition_of(std::string_view stream, std::uint32_t partitions) noexcept {
  ANNALS_ASSERT(partitions > 0, "a topic has at least one partition");
  return (murmur2(stream) & 0x7fffffffU) % partitions;
}

}  // namespace annals
