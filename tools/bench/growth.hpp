/// @file
/// What becomes of a store as it grows: the rate and the memory of its writer, and how long it
/// takes to open.

#pragma once

#include <annals/eventstore/result.hpp>

#include "options.hpp"
#include "scratch_folder.hpp"

namespace annals::bench {

/// For each size of Options::sizes and each engine: another process fills the store up to there and
/// is killed; then the store is opened and read. Prints a row and adds JSON lines for each.
Result<void> measure_growth(const Options& options, const ScratchFolder& scratch);

}  // namespace annals::bench
