/// @file
/// What the program's exit codes mean; docs/how-to/command_line.md promises them.

#pragma once

namespace annals::cli {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;  ///< The operation failed; standard error says why.
constexpr int exit_usage = 2;   ///< The command line makes no sense.

// `verify` has its own, as scripts must tell them apart.
constexpr int exit_verify_changed = 1;
constexpr int exit_verify_incomplete = 2;
constexpr int exit_verify_could_not_run = 3;

}  // namespace annals::cli
