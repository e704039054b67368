/// @file
/// The engine and read models in PostgreSQL, and their peers there. Only in a program that is built
/// with it.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <annals/eventstore/event_store.hpp>
#include <annals/projections/read_model_store.hpp>

#include "event_peer.hpp"

namespace annals::bench {

/// A new store of the postgres engine in a schema of its own, which goes away with it.
///
/// Errors: unavailable; unsupported (built without libpqxx).
Result<std::shared_ptr<EventStore>> open_postgres_bench_store(const std::string& url);

/// What people do by hand or with message-db: a function that takes an advisory lock on the
/// category, checks the stream's version and inserts one event under a sequence's number; each call
/// is a transaction. Its readers can miss what commits late in another category. No hashes, no
/// append ids, no index by type or tag. append() alone may be called, with one event.
Result<std::unique_ptr<EventPeer>> open_category_lock_peer(const std::string& url);

/// message-db's own function write_message, called through the same client. Its SQL must be in the
/// database, whose search path leads to it: tools/bench/message_db.py sees to that. Empties its
/// table.
Result<std::unique_ptr<EventPeer>> open_message_db_peer(const std::string& url);

/// A read model in a schema of its own, which goes away with it.
Result<std::shared_ptr<ReadModelStore>> open_postgres_read_model(const std::string& url);

/// A table of balances and a checkpoint, moved in one transaction with the rows, as people write it
/// by hand, in a schema of its own, which goes away with it. No lease, no fencing.
class PostgresReadModelPeer {
 public:
  /// Errors of all functions: unavailable, with the server's message.
  static Result<std::unique_ptr<PostgresReadModelPeer>> open(const std::string& url);
  virtual ~PostgresReadModelPeer() = default;

  virtual Result<void> begin() = 0;
  /// Within a transaction: empties the table.
  virtual Result<void> clear() = 0;
  /// Within a transaction: adds `amount` to the account's balance, and counts it.
  virtual Result<void> book(std::string_view account, std::int64_t amount) = 0;
  /// Moves the checkpoint and commits.
  virtual Result<void> commit(std::uint64_t position) = 0;
};

}  // namespace annals::bench
