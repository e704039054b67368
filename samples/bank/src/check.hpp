/// @file
/// `bank check`: the tables, row for row, against a fold of the log made afresh.

#pragma once

#include "session.hpp"

namespace bank {

/// Waits until the tables have come to the head of the log, folds the log up to there once more,
/// and compares every row of every table. Any difference is exit_failed.
int check_tables(const Session& session);

}  // namespace bank
