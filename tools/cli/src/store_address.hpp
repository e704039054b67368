/// @file
/// Where a store is: a folder, or a database's URL.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/store_identity.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/verify.hpp>

namespace annals::cli {

/// Says whether `address` is the URL of a PostgreSQL database, "postgres://user@host/database", and
/// not a folder. What follows a '#' names the schema, annals if none does.
bool is_database(const std::string& address);
/// A database's address that was mistyped: nothing of it may be shown, it can hold a password.
bool looks_like_an_address(const std::string& text);

/// What a program answers that was built without it.
Error without_postgres();

/// `address` as it may be shown: without a password.
std::string shown_address(const std::string& address);

/// The store there, for reading.
Result<std::unique_ptr<EventStore>> open_store(const std::string& address);

/// EventStore::verify() of the store in a database, also of one that cannot be opened because its
/// end is missing.
Result<VerifyReport> verify_database(const std::string& address, const VerifyOptions& options);

/// How a store is opened that events are imported into.
struct ImportAccess {
  std::optional<StoreIdentity> identity = {};  ///< Of the store that is made.
  std::shared_ptr<const Clock> clock = {};     ///< Absent: the engine's own.
  std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);
  bool compress = false;  ///< A folder's complete segments; a database takes no notice.
  bool settled = false;   ///< Everything is to be durable, and the store is there already.
};
Result<std::unique_ptr<EventStore>> open_store_to_import(const std::string& address,
                                                         const ImportAccess& access);

/// Versions of a database's schema.
struct Migrated {
  int from = 0;  ///< 0: there was none.
  int to = 0;
};
/// Makes the schema of a database, or brings it up to date.
///
/// Errors: invalid_argument (a folder needs no migration), and those of the engine.
Result<Migrated> migrate_store(const std::string& address);

}  // namespace annals::cli
