/// @file
/// The engine in PostgreSQL, and its peer there. Only in a program that is built with it.

#pragma once

#include <memory>
#include <string>

#include <annals/eventstore/event_store.hpp>

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

}  // namespace annals::bench
