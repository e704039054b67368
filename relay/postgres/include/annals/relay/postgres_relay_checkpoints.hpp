/// @file
/// Relay records in a PostgreSQL table, for relays on several machines.

#pragma once

#include <memory>
#include <string>

#include <annals/relay/relay_checkpoints.hpp>

namespace annals {

struct PostgresRelayOptions {
  std::string url;                      ///< As of a store: "postgres://user@host/database".
  std::string schema = "annals_relay";  ///< Made if it is missing.
};

/// Sessions that are lost are opened anew with the next call.
///
/// Errors: unavailable, invalid_argument (a URL that cannot be read).
Result<std::unique_ptr<RelayCheckpoints>> open_postgres_relay_checkpoints(
    PostgresRelayOptions options);

}  // namespace annals
