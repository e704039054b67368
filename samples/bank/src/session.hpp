/// @file
/// What every command of the program is given, and how it says that it failed.

#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <annals/eventstore/error.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>

#include "output.hpp"

namespace bank {

// Exit codes. `verify` has 0 whole, 1 changed, 2 incomplete, 3 could not run.
constexpr int exit_done = 0;
constexpr int exit_failed = 1;  ///< Rejected, or it could not be done: standard error says why.
constexpr int exit_usage = 2;   ///< The command line makes no sense.

/// What is to be done with the bank's store.
enum class Access : std::uint8_t {
  make,   ///< Write; make it if there is none.
  write,  ///< Write; it must be there.
  read,   ///< Beside a bank that is at work, too.
};

struct Session {
  std::string data = "./bank-data";
  /// The URL of a PostgreSQL database that holds the events, with "#SCHEMA" if it is not the bank's
  /// own; empty: they are a log in `data`.
  std::string store = {};
  /// Of one that holds the read models, likewise; empty: they are a file in `data`.
  std::string read_models = {};
  /// The tables are kept by others, `bank follow`: they are waited for, and nothing is projected.
  bool followed = false;
  std::uint32_t partitions = 0;  ///< Of each read model that can be split; 0: as it is, or one.
  bool compress = false;         ///< The complete segments of a log that is written.
  Output output = Output::table;

  /// Errors: those of the engines; unsupported (a database, in a program built without).
  annals::Result<std::unique_ptr<annals::EventStore>> open(Access access) const;
  /// Makes them if there are none. Errors: as open().
  annals::Result<std::unique_ptr<annals::ReadModelStore>> open_read_models() const;
  /// Proves the store, a damaged log included.
  annals::Result<annals::VerifyReport> verify(const annals::VerifyOptions& options) const;
  /// Where the events are, fit to be shown.
  std::string place() const;
  /// Where the tables are, likewise.
  std::string place_of_tables() const;
  /// A command for the shell that looks at the tables.
  std::string shell_command(const std::string& select) const;
};

/// Says on standard error what went wrong, and gives the exit code: words that can never make sense
/// are the command line's fault.
inline int failed(const annals::Error& error) {
  std::string text = annals::to_string(error);
  if (error.place && text.find(error.place->file) == std::string::npos) {
    text += " (" + error.place->file + " at byte " + std::to_string(error.place->offset) + ")";
  }
  std::fprintf(stderr, "bank: %s\n", text.c_str());
  return error.code == annals::ErrorCode::invalid_argument ? exit_usage : exit_failed;
}

}  // namespace bank
