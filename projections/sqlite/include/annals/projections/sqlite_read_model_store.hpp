/// @file
/// Read models in a SQLite file, or in memory.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <annals/eventstore/result.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals {

struct SqliteOptions {
  /// ":memory:" or empty: in memory, for this object alone.
  std::string path = {};
  enum class Access : std::uint8_t {
    create,      ///< Makes the file if it is missing.
    must_exist,  ///< unavailable if it is missing.
    read_only,   ///< As must_exist; what writes is refused.
  };
  Access access = Access::create;
  /// Sync at every commit. Without it a power loss may take the last commits back, rows and
  /// checkpoint together: the events are in the log and are projected again.
  bool sync_every_commit = false;
  /// How long to wait for another process that holds the write lock, before `unavailable` says by
  /// whom it is blocked.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds(1);
};

/// Opens a database. Any number of processes may have one open. The tables can be read with any
/// SQLite program; nobody else should write to them. Money is text such as "123.45 EUR", with a
/// generated column `<name>_minor` (an integer in minor units) to sort and sum by; times and dates
/// are ISO text; lists and nested structs are JSON text.
///
/// A file that an older annals has made is brought to the present format.
///
/// Errors: unavailable, corrupt (not a database, or a damaged one), unsupported (made by a newer
/// annals; by an older one, for read_only).
Result<std::unique_ptr<ReadModelStore>> open_sqlite_read_models(SqliteOptions options);

}  // namespace annals
