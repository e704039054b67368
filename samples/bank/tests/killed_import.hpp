/// @file
/// Kills the real program while it imports, at random counts of acknowledged rows.
///
/// Invariants checked, by an oracle that lies outside the program (the file of rows):
/// - Every row that was acknowledged before the kill is in the log.
/// - Nothing is there twice, and nothing that the file does not have: each account's events are the
///   first rows of that account, in order.
/// - Run again, the import adds what is missing and nothing else.

#pragma once

#include <cstdint>
#include <string>

namespace bank {

/// `file` has rows as berka::read_rows reads them. Prints where the kills landed.
void killed_imports_lose_and_double_nothing(const std::string& file, int kills, std::uint64_t seed);

}  // namespace bank
