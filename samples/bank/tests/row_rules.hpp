/// @file
/// What must hold for every file of a bank's rows, the real one and those made up.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "berka.hpp"

namespace bank {

/// Sends every row by `send`, in the order of the file, and compares the account's balance with the
/// file's after each.
void every_row_by_send_gives_its_balance(const std::vector<berka::Row>& rows);

/// Imports the rows by `send_async` into a synced log and compares the balance after each event
/// of each account, then imports once more and expects no new event.
void every_row_by_send_async_gives_its_balance(const std::vector<berka::Row>& rows);

/// Compares accounts as of positions with a fold of the file: all accounts after each row of
/// `after_rows`, and `pairs` random (account, position) pairs. Once with a snapshot every 10
/// events, of which some must be used, and once without any.
void accounts_as_of_positions_are_what_the_file_says(const std::vector<berka::Row>& rows,
                                                     const std::vector<std::int64_t>& after_rows,
                                                     int pairs, std::uint64_t seed);

}  // namespace bank
