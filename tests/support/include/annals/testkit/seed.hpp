/// @file
/// Seeds of random tests.

#pragma once

#include <cstdint>

namespace annals::testkit {

/// The seed of a random test: the environment variable ANNALS_SEED if it is set, else `usual`.
/// Prints it, so that a failure can be run again.
std::uint64_t seed(std::uint64_t usual);

}  // namespace annals::testkit
