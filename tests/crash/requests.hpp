#pragma once

#include <cstdint>

#include <annals/eventstore/append.hpp>

namespace annals::crash {

/// Append `number` of the work that a seed stands for. The writer in the child process and the
/// oracle in the parent make the same, so that only numbers and receipts go through the pipe.
AppendRequest request(std::uint64_t seed, std::uint64_t number);

}  // namespace annals::crash
