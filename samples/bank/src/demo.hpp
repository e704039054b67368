/// @file
/// The program's command `demo`.

#pragma once

namespace bank {

/// A minute in the life of a bank, told as it happens, in a store of its own that is removed
/// afterwards. Returns the exit code: not 0 if anything did not happen as told.
int demo();

}  // namespace bank
