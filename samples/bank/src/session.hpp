/// @file
/// What every command of the program is given, and how it says that it failed.

#pragma once

#include <cstdio>
#include <string>

#include <annals/eventstore/error.hpp>
#include <annals/eventstore/log_event_store.hpp>

#include "output.hpp"

namespace bank {

// Exit codes. `verify` has 0 whole, 1 changed, 2 incomplete, 3 could not run.
constexpr int exit_done = 0;
constexpr int exit_failed = 1;  ///< Rejected, or it could not be done: standard error says why.
constexpr int exit_usage = 2;   ///< The command line makes no sense.

struct Session {
  std::string data = "./bank-data";
  Output output = Output::table;

  annals::LogOptions to_write() const {
    return {.path = data, .access = annals::LogOptions::Access::must_exist};
  }
  annals::LogOptions to_make() const {
    return {.path = data, .access = annals::LogOptions::Access::create};
  }
  /// Beside a bank that is at work, too.
  annals::LogOptions to_read() const {
    return {.path = data, .access = annals::LogOptions::Access::read_only};
  }
};

/// Says on standard error what went wrong, and gives the exit code: words that can never make sense
/// are the command line's fault.
inline int failed(const annals::Error& error) {
  std::string text = error.code == annals::ErrorCode::rejected
                         ? "rejected (" + error.rule + "): " + error.message
                         : annals::to_string(error);
  if (error.place && text.find(error.place->file) == std::string::npos) {
    text += " (" + error.place->file + " at byte " + std::to_string(error.place->offset) + ")";
  }
  std::fprintf(stderr, "bank: %s\n", text.c_str());
  return error.code == annals::ErrorCode::invalid_argument ? exit_usage : exit_failed;
}

}  // namespace bank
